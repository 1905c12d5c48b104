// What this machine can do at most, measured.
#include "framework/machine_limits.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/engine_services.h"
#include "framework/hardware_info.h"
#include "framework/result_writer.h"
#include "framework/timestamp.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> probed_dtypes{"float32", "bfloat16", "float16"};

/// As the kept file carries them.
struct KeptLimits {
  std::string schema_version = "1";
  MachineLimits limits;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("schema_version", self.schema_version);
    visit("limits", self.limits);
  }
};

MachineLimits read_kept(const fs::path& file, std::string_view oldest) {
  KeptLimits kept;
  try {
    from_json_value(read_json(file), kept, "'" + file.string() + "'");
  } catch (const Error&) {
    return {};
  }
  // Times of that form compare as texts.
  const auto too_old = [&](const auto& entry) { return entry.measured_at < oldest; };
  std::erase_if(kept.limits.read_bandwidth, too_old);
  std::erase_if(kept.limits.product_rate, too_old);
  return std::move(kept.limits);
}

void keep(const fs::path& file, const MachineLimits& limits) {
  try {
    write_json(file, to_json(KeptLimits{.schema_version = "1", .limits = limits}));
  } catch (const Error&) {
    // A folder that cannot be written costs measuring them again.
  }
}

/// The first that can measure, or none.
const EngineServices* prober_among(std::span<const EngineServices* const> engines) {
  const auto found =
      std::ranges::find_if(engines, [](const EngineServices* services) { return services->has_probes(); });
  return found == engines.end() ? nullptr : *found;
}

std::optional<std::int64_t> largest_working_set(const MachineLimits& limits, std::int64_t threads) {
  std::optional<std::int64_t> largest;
  for (const ReadBandwidth& entry : limits.read_bandwidth) {
    if (entry.threads == threads) largest = std::max(largest.value_or(0), entry.working_set_bytes);
  }
  return largest;
}

/// What was read slower than that with as many threads, though it is no larger, is as fast as that.
bool raise_to(MachineLimits& limits, const ReadBandwidth& measured) {
  bool raised = false;
  for (ReadBandwidth& entry : limits.read_bandwidth) {
    if (entry.threads != measured.threads || entry.working_set_bytes > measured.working_set_bytes) continue;
    if (entry.bytes_per_second >= measured.bytes_per_second) continue;
    const std::int64_t working_set_bytes = entry.working_set_bytes;
    entry = measured;
    entry.working_set_bytes = working_set_bytes;
    raised = true;
  }
  return raised;
}

bool raise_to(MachineLimits& limits, const ProductRate& measured) {
  const auto slower = std::ranges::find_if(limits.product_rate, [&](const ProductRate& entry) {
    return entry.threads == measured.threads && entry.dtype == measured.dtype &&
           entry.operations_per_second < measured.operations_per_second;
  });
  if (slower == limits.product_rate.end()) return false;
  *slower = measured;
  return true;
}

std::int64_t cache_bytes(const HardwareInfo& hardware, const std::string& name, std::int64_t fallback) {
  const auto found = hardware.caches.find(name);
  return found == hardware.caches.end() ? fallback : found->second.size_bytes;
}

std::string size_text(std::int64_t bytes) {
  return bytes >= 1 << 20 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} KiB", bytes >> 10);
}

class Prober {
 public:
  Prober(const EngineServices& engine, const MachineLimitsRequest& request, MachineLimits& limits)
      : engine_(engine), request_(request), limits_(limits), now_(utc_timestamp(request.now)) {}

  /// Measures what `limits` does not have.
  void complete() {
    const std::vector<std::int64_t> sizes = measured_working_sets(request_.system_root);
    for (const std::int64_t threads : request_.threads) {
      for (const std::int64_t bytes : sizes) {
        if (!has(limits_.read_bandwidth, threads, &ReadBandwidth::working_set_bytes, bytes))
          append(limits_.read_bandwidth, bandwidth(threads, bytes));
      }
      for (const std::string_view dtype : probed_dtypes) {
        if (!has(limits_.product_rate, threads, &ProductRate::dtype, dtype))
          append(limits_.product_rate, product(threads, dtype));
      }
    }
    std::ranges::sort(limits_.read_bandwidth, {}, [](const ReadBandwidth& entry) {
      return std::pair(entry.threads, entry.working_set_bytes);
    });
  }

  /// Measures again what moves; whether something was raised.
  bool raise() {
    bool raised = false;
    for (const std::int64_t threads : request_.threads) {
      if (const auto largest = largest_working_set(limits_, threads)) {
        const auto measured = bandwidth(threads, *largest);
        if (measured) raised |= raise_to(limits_, *measured);
      }
      for (const std::string_view dtype : probed_dtypes) {
        if (!has(limits_.product_rate, threads, &ProductRate::dtype, dtype)) continue;
        const auto measured = product(threads, dtype);
        if (measured) raised |= raise_to(limits_, *measured);
      }
    }
    return raised;
  }

 private:
  template <class Entry, class Field, class Value>
  static bool has(const std::vector<Entry>& entries, std::int64_t threads, Field Entry::*field,
                  const Value& value) {
    return std::ranges::any_of(
        entries, [&](const Entry& entry) { return entry.threads == threads && entry.*field == value; });
  }

  template <class Entry>
  static void append(std::vector<Entry>& entries, std::optional<Entry> measured) {
    if (measured) entries.push_back(std::move(*measured));
  }

  [[nodiscard]] std::optional<ReadBandwidth> bandwidth(std::int64_t threads, std::int64_t bytes) const {
    request_.progress(fmt::format("read bandwidth, {}, {} threads", size_text(bytes), threads));
    auto measured = engine_.read_bandwidth(bytes, threads);
    if (measured) measured->measured_at = now_;
    return measured;
  }

  [[nodiscard]] std::optional<ProductRate> product(std::int64_t threads, std::string_view dtype) const {
    request_.progress(fmt::format("products, {}, {} threads", dtype, threads));
    auto measured = engine_.product_rate(dtype, threads);
    if (measured) measured->measured_at = now_;
    return measured;
  }

  const EngineServices& engine_;
  const MachineLimitsRequest& request_;
  MachineLimits& limits_;
  std::string now_;
};

}  // namespace

std::optional<double> MachineLimits::read_bytes_per_second(std::int64_t threads, std::int64_t bytes) const {
  const ReadBandwidth* below = nullptr;
  const ReadBandwidth* above = nullptr;
  for (const ReadBandwidth& entry : read_bandwidth) {
    if (entry.threads != threads) continue;
    if (entry.working_set_bytes <= bytes) below = &entry;
    if (entry.working_set_bytes >= bytes && above == nullptr) above = &entry;
  }
  if (below == nullptr && above == nullptr) return std::nullopt;
  if (below == nullptr || above == nullptr || below == above) {
    return (below != nullptr ? below : above)->bytes_per_second;
  }
  const auto log_of = [](std::int64_t value) { return std::log(static_cast<double>(value)); };
  const double part = (log_of(bytes) - log_of(below->working_set_bytes)) /
                      (log_of(above->working_set_bytes) - log_of(below->working_set_bytes));
  return std::lerp(below->bytes_per_second, above->bytes_per_second, part);
}

std::optional<double> MachineLimits::operations_per_second(std::int64_t threads,
                                                           std::string_view dtype) const {
  for (const std::string_view wanted : {dtype, std::string_view("float32")}) {
    const auto found = std::ranges::find_if(product_rate, [&](const ProductRate& entry) {
      return entry.threads == threads && entry.dtype == wanted;
    });
    if (found != product_rate.end()) return found->operations_per_second;
  }
  return std::nullopt;
}

fs::path machine_limits_file(const fs::path& cache_folder, const fs::path& system_root) {
  const HardwareInfo hardware = read_hardware_info({}, system_root);
  return cache_folder / fmt::format("machine_limits_{}.json",
                                    safe_file_name(fmt::format("{}_x{}", hardware.cpu_name.value_or("cpu"),
                                                               hardware.allowed_cpu_count.value_or(1))));
}

std::vector<std::int64_t> measured_working_sets(const fs::path& system_root) {
  const HardwareInfo hardware = read_hardware_info({}, system_root);
  const std::int64_t l2_bytes = cache_bytes(hardware, "L2", std::int64_t{1} << 20);
  const std::int64_t last_bytes = cache_bytes(hardware, "L3", l2_bytes);
  const std::int64_t memory_bytes = hardware.memory_total.value_or(4096) << 20;
  std::int64_t largest = std::max(16 * last_bytes, std::int64_t{512} << 20);
  largest = std::min(largest, memory_bytes / 4);
  std::vector<std::int64_t> sizes;
  for (std::int64_t bytes = l2_bytes / 2; bytes <= largest; bytes *= 2) sizes.push_back(bytes);
  return sizes;
}

MachineLimits machine_limits(std::span<const EngineServices* const> engines,
                             const MachineLimitsRequest& request) {
  const EngineServices* engine = prober_among(engines);
  if (engine == nullptr) return {};
  MachineLimits limits;
  if (request.kept_file && !request.measure_anew) {
    limits = read_kept(*request.kept_file, utc_timestamp(request.now - limits_last));
  }
  const std::size_t kept_entries = limits.read_bandwidth.size() + limits.product_rate.size();
  Prober(*engine, request, limits).complete();
  if (request.kept_file && limits.read_bandwidth.size() + limits.product_rate.size() != kept_entries) {
    keep(*request.kept_file, limits);
  }
  return limits;
}

bool raise_machine_limits(std::span<const EngineServices* const> engines, const MachineLimitsRequest& request,
                          MachineLimits& limits) {
  const EngineServices* engine = prober_among(engines);
  if (engine == nullptr) return false;
  const bool raised = Prober(*engine, request, limits).raise();
  if (raised && request.kept_file) keep(*request.kept_file, limits);
  return raised;
}

}  // namespace bv2
