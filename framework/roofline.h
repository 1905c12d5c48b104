// How near a scenario comes to what the machine can do: the work that its model needs at least, held against
// the measured limits (Williams, Waterman and Patterson, 2009).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/forward_cost.h"
#include "base/json.h"
#include "framework/machine_limits.h"

namespace bv2 {

/// Bytes that are read and operations that are done at least.
struct Work {
  double bytes = 0;
  double operations = 0;
};

/// Of one forward that takes `tokens` tokens of each of `batch` sequences after nothing.
Work prefill_work(const ForwardCost& cost, std::int64_t batch, std::int64_t tokens);
/// Of one forward that takes one token of each sequence, `context` of them in the cache with it.
Work decode_work(const ForwardCost& cost, std::int64_t batch, double context);

/// One phase against its limit.
struct PhaseRoofline {
  double bytes = 0;       ///< of one forward of the whole batch
  double operations = 0;  ///< likewise
  double bytes_per_token = 0;
  double operations_per_token = 0;
  std::optional<double> limit_bytes_per_second;       ///< measured, at this working set
  std::optional<double> limit_operations_per_second;  ///< measured, for this dtype
  std::optional<double> limit_seconds;                ///< the longer of what either takes
  std::optional<std::string> bound;                   ///< which that is: "memory" or "compute"
  std::optional<double> seconds;                      ///< the median that was measured
  std::optional<double> percent_of_limit;             ///< limit_seconds of seconds
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("bytes", self.bytes);
    visit("operations", self.operations);
    visit("bytes_per_token", self.bytes_per_token);
    visit("operations_per_token", self.operations_per_token);
    visit("limit_bytes_per_second", self.limit_bytes_per_second);
    visit("limit_operations_per_second", self.limit_operations_per_second);
    visit("limit_seconds", self.limit_seconds);
    visit("bound", self.bound);
    visit("seconds", self.seconds);
    visit("percent_of_limit", self.percent_of_limit);
  }
};

/// As a scenario carries it.
struct Roofline {
  PhaseRoofline prefill;                ///< of the prompt, against time_to_first_token
  std::optional<PhaseRoofline> decode;  ///< of a new token at the mean context, against inter_token_latency
  std::optional<double> decode_context;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("prefill", self.prefill);
    visit("decode", self.decode);
    visit("decode_context", self.decode_context);
  }
};

/// What was asked and measured of a scenario.
struct RooflineInput {
  std::int64_t batch = 1;
  std::int64_t prompt_tokens = 0;
  std::int64_t new_tokens = 0;  ///< of each sequence; 0: an encoder
  std::int64_t threads = 1;
  std::string_view dtype{};
  std::optional<double> first_token_seconds{};  ///< of an encoder: the latency
  std::optional<double> inter_token_seconds{};
};

/// The limit of a phase is the longer of reading its bytes at the bandwidth of a working set of that size and
/// of doing its operations at the dtype's product rate.
Roofline roofline(const ForwardCost& cost, const MachineLimits& limits, const RooflineInput& input);

}  // namespace bv2
