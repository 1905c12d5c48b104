// Reads a monitor again and again, beside what is measured.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "framework/monitors/counter_source.h"
#include "framework/monitors/samples.h"

namespace bv2 {

/// How a sampler works.
struct SamplerOptions {
  std::string monitor{};              ///< its name
  std::int64_t period_ns = 0;         ///< between the begins of two samples; one that takes longer skips some
  std::optional<int> cpu{};           ///< the processor to stay on; none: wherever
  std::size_t most_samples = 20'000;  ///< kept; of more, every second is dropped, and the period doubles
};

/// A thread that samples from its construction on. A reading that hangs, in a driver, delays nobody else:
/// what it would have seen is missing.
class Sampler {
 public:
  Sampler(std::unique_ptr<CounterSource> source, SamplerOptions options);
  /// Leaves a reading that hangs for more than a second to itself.
  ~Sampler();
  Sampler(Sampler&&) noexcept = default;
  Sampler& operator=(Sampler&&) = delete;
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  /// The samples of an interval that lies in the past, with one more on either side where there is one; those
  /// before are forgotten. Takes a sample now, and waits for it up to `patience_ns`. Any thread, one at a
  /// time.
  MonitorSamples take(std::int64_t from_ns, std::int64_t to_ns, std::int64_t patience_ns = 20'000'000);
  /// The processor time of a sample, waking up included, on average of those after the first; nothing before
  /// the second.
  [[nodiscard]] std::optional<double> sample_ns() const;
  [[nodiscard]] const SamplerOptions& options() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bv2
