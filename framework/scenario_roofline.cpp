// The roofline of a scenario's result.
#include "framework/scenario_roofline.h"

#include "base/cpu_topology.h"

namespace bv2 {
namespace {

std::int64_t threads_of(const ScenarioMetadata& metadata) {
  const auto ran = metadata.effective.find("threads");
  if (ran != metadata.effective.end() && ran->is_number_integer()) return ran->get<std::int64_t>();
  return metadata.config.threads > 0 ? metadata.config.threads : physical_core_count();
}

std::optional<double> median_of(const ScenarioResult& result, std::string_view metric) {
  const Summary* summary = result.measurement(metric);
  return summary == nullptr ? std::nullopt : summary->median;
}

}  // namespace

std::optional<Roofline> scenario_roofline(const ScenarioResult& result) {
  const ScenarioMetadata& metadata = result.metadata;
  if (!metadata.model || !metadata.model->forward_cost || !metadata.prompt) return std::nullopt;
  MachineLimits limits;
  if (metadata.hardware_info.measured_peaks.is_object()) {
    from_json_value(metadata.hardware_info.measured_peaks, limits, "measured_peaks");
  }
  return roofline(
      *metadata.model->forward_cost, limits,
      {.batch = metadata.config.batch_size,
       .prompt_tokens = metadata.prompt->tokens,
       .new_tokens = metadata.config.num_tokens_to_generate,
       .threads = threads_of(metadata),
       .dtype = metadata.config.dtype,
       // An encoder is done at once.
       .first_token_seconds =
           median_of(result, metadata.model->kind == ModelKind::encoder ? "latency" : "time_to_first_token"),
       .inter_token_seconds = median_of(result, "inter_token_latency")});
}

}  // namespace bv2
