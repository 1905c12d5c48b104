// What this machine can do at most, measured: how fast it reads memory and multiplies matrices.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace bv2 {

class EngineServices;

/// The best of several ways to read so much memory again and again.
struct ReadBandwidth {
  std::int64_t threads = 1;
  std::int64_t working_set_bytes = 0;
  double bytes_per_second = 0;
  std::string pattern{};      ///< how it was read
  std::string measured_at{};  ///< UTC, milliseconds
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("threads", self.threads);
    visit("working_set_bytes", self.working_set_bytes);
    visit("bytes_per_second", self.bytes_per_second);
    visit("pattern", self.pattern);
    visit("measured_at", self.measured_at);
  }
};

/// The best of several matrix products.
struct ProductRate {
  std::int64_t threads = 1;
  std::string dtype{};
  double operations_per_second = 0;  ///< multiplications and additions
  std::string shape{};               ///< rows x outputs x depth
  std::string implementation{};
  std::string measured_at{};  ///< UTC, milliseconds
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("threads", self.threads);
    visit("dtype", self.dtype);
    visit("operations_per_second", self.operations_per_second);
    visit("shape", self.shape);
    visit("implementation", self.implementation);
    visit("measured_at", self.measured_at);
  }
};

/// As metadata.hardware_info.measured_peaks carries them.
struct MachineLimits {
  std::vector<ReadBandwidth> read_bandwidth;  ///< by threads, then by size
  std::vector<ProductRate> product_rate;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("read_bandwidth", self.read_bandwidth);
    visit("product_rate", self.product_rate);
  }

  [[nodiscard]] bool empty() const { return read_bandwidth.empty() && product_rate.empty(); }
  /// Bytes a second that so many threads read of a working set of that size: between the sizes that were
  /// measured by the logarithm of the size, beyond them that of the nearest. Missing where nothing was
  /// measured with so many threads.
  [[nodiscard]] std::optional<double> read_bytes_per_second(std::int64_t threads, std::int64_t bytes) const;
  /// Of that dtype; where the machine has no product of its own for it (float16 mostly), of float32, which it
  /// is converted to.
  [[nodiscard]] std::optional<double> operations_per_second(std::int64_t threads,
                                                            std::string_view dtype) const;
};

/// What is measured, and where it is kept.
struct MachineLimitsRequest {
  std::vector<std::int64_t> threads;               ///< thread counts
  std::optional<std::filesystem::path> kept_file;  ///< none: nothing is kept
  bool measure_anew = false;                       ///< whatever was kept
  std::filesystem::path system_root = "/";
  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  /// Called before each measurement with what is measured; may throw to end it all.
  std::function<void(std::string_view what)> progress = [](std::string_view) {};
};

/// What was kept counts for so long: a machine changes with its neighbours, its clock and its temperature.
constexpr std::chrono::hours limits_last{24};

/// Where limits of this machine are kept: one file for each kind of processor and number of processors, so
/// that a home folder may be shared.
std::filesystem::path machine_limits_file(const std::filesystem::path& cache_folder,
                                          const std::filesystem::path& system_root = "/");

/// The working sets that are measured: from half of one L2 cache to 16 times the last cache (at least
/// 512 MiB), doubling, as far as a quarter of the free memory goes.
std::vector<std::int64_t> measured_working_sets(const std::filesystem::path& system_root = "/");

/// Reads what was kept, measures what is missing or too old with the probes of the first engine that has
/// them, and keeps all of it. Empty where no engine has probes. A file that cannot be read or written is as
/// if it were not there. About 0.2 s for each size and number of threads.
MachineLimits machine_limits(std::span<const EngineServices* const> engines,
                             const MachineLimitsRequest& request);

/// Reads the largest working set and multiplies again with each of the request's numbers of threads, and
/// raises what stands in `limits` and in the kept file where the machine is faster now: what its neighbours
/// leave of it moves within seconds, and a limit is the best that was seen. Smaller sets are never read
/// slower than larger ones, so they are raised with it. True when something was raised. About 0.5 s a number
/// of threads and 0.2 s for each of its products, and the largest working set of memory.
bool raise_machine_limits(std::span<const EngineServices* const> engines, const MachineLimitsRequest& request,
                          MachineLimits& limits);

}  // namespace bv2
