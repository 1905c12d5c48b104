// How near a scenario comes to what the machine can do.
#include "framework/roofline.h"

#include <algorithm>
#include <cmath>

namespace bv2 {
namespace {

/// The bytes of the experts that `tokens` tokens are expected to choose among all, if each chooses its own
/// without a preference.
double expert_bytes(const ForwardCost& cost, double tokens) {
  if (cost.experts == 0) return 0;
  const double share = static_cast<double>(cost.experts_per_token) / static_cast<double>(cost.experts);
  const double chosen = static_cast<double>(cost.experts) * (1 - std::pow(1 - share, tokens));
  return chosen * static_cast<double>(cost.expert_bytes);
}

double seen(const AttentionCost& attention, double context) {
  return attention.window > 0 ? std::min(context, static_cast<double>(attention.window)) : context;
}

/// Keys that all queries of a sequence of `tokens` tokens see together.
double keys_seen(const AttentionCost& attention, bool causal, double tokens) {
  const double window = seen(attention, tokens);
  if (!causal) return tokens * window;
  // The first `window` queries see 1, 2, ... keys, the others the whole window.
  return window * (window + 1) / 2 + (tokens - window) * window;
}

PhaseRoofline phase(const Work& work, double tokens, const MachineLimits& limits, const RooflineInput& input,
                    std::optional<double> seconds) {
  PhaseRoofline result;
  result.bytes = work.bytes;
  result.operations = work.operations;
  result.bytes_per_token = work.bytes / tokens;
  result.operations_per_token = work.operations / tokens;
  result.seconds = seconds;
  result.limit_bytes_per_second =
      limits.read_bytes_per_second(input.threads, static_cast<std::int64_t>(work.bytes));
  result.limit_operations_per_second = limits.operations_per_second(input.threads, input.dtype);
  if (!result.limit_bytes_per_second || !result.limit_operations_per_second) return result;
  const double reading = work.bytes / *result.limit_bytes_per_second;
  const double computing = work.operations / *result.limit_operations_per_second;
  result.limit_seconds = std::max(reading, computing);
  result.bound = reading >= computing ? "memory" : "compute";
  if (seconds && *seconds > 0) result.percent_of_limit = 100 * *result.limit_seconds / *seconds;
  return result;
}

}  // namespace

Work prefill_work(const ForwardCost& cost, std::int64_t batch, std::int64_t tokens) {
  const auto sequences = static_cast<double>(batch);
  const auto length = static_cast<double>(tokens);
  Work work;
  work.bytes = static_cast<double>(cost.weight_bytes) + expert_bytes(cost, sequences * length);
  work.operations = sequences * (length * static_cast<double>(cost.operations_per_token) +
                                 (cost.causal ? 1 : length) * static_cast<double>(cost.head_operations));
  for (const AttentionCost& attention : cost.attention) {
    work.bytes += sequences * length * static_cast<double>(attention.cache_bytes_per_position);
    work.operations += sequences * keys_seen(attention, cost.causal, length) *
                       static_cast<double>(attention.operations_per_position);
  }
  return work;
}

Work decode_work(const ForwardCost& cost, std::int64_t batch, double context) {
  const auto sequences = static_cast<double>(batch);
  Work work;
  work.bytes = static_cast<double>(cost.weight_bytes) + expert_bytes(cost, sequences);
  work.operations = sequences * static_cast<double>(cost.operations_per_token + cost.head_operations);
  for (const AttentionCost& attention : cost.attention) {
    const double keys = sequences * seen(attention, context);
    work.bytes += keys * static_cast<double>(attention.cache_bytes_per_position);
    work.operations += keys * static_cast<double>(attention.operations_per_position);
  }
  return work;
}

Roofline roofline(const ForwardCost& cost, const MachineLimits& limits, const RooflineInput& input) {
  Roofline result;
  const auto batch = static_cast<double>(input.batch);
  result.prefill =
      phase(prefill_work(cost, input.batch, input.prompt_tokens),
            batch * static_cast<double>(input.prompt_tokens), limits, input, input.first_token_seconds);
  if (input.new_tokens < 2) return result;
  // Tokens 2 to N follow forwards of contexts P + 1 to P + N - 1.
  const double context = static_cast<double>(input.prompt_tokens) + static_cast<double>(input.new_tokens) / 2;
  result.decode_context = context;
  result.decode =
      phase(decode_work(cost, input.batch, context), batch, limits, input, input.inter_token_seconds);
  return result;
}

}  // namespace bv2
