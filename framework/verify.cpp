// Verification: a model's outputs held against reference outputs that something else computed.
#include "framework/verify.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "framework/run_plan.h"

namespace bv2 {
namespace {

/// Where in [batch, tokens, width] an index is, for people.
std::string place(const Reference& reference, std::size_t index) {
  const auto width = static_cast<std::size_t>(reference.outputs.width);
  const auto tokens = static_cast<std::size_t>(reference.input.tokens);
  return fmt::format("[{}, {}, {}]", index / width / tokens, index / width % tokens, index % width);
}

void compare_outputs(const ForwardOutput& found, const Reference& reference, VerifyResult& result) {
  const auto& expected = reference.outputs;
  if (found.width != expected.width || found.values.size() != expected.values.size()) {
    fail("the model gives {} of width {} ({} values), the reference has width {} ({} values)",
         reference.outputs_name, found.width, found.values.size(), expected.width, expected.values.size());
  }
  double max_abs = 0;
  double max_rel = 0;
  std::optional<std::size_t> worst;
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const double value = found.values[i];
    const double wanted = expected.values[i];
    const double difference = std::abs(value - wanted);
    const bool larger = !(difference <= max_abs);  // true for NaN, which then stays the largest
    if (larger && !std::isnan(max_abs)) max_abs = difference;
    if (wanted != 0 && !std::isnan(max_rel) && !(difference / std::abs(wanted) <= max_rel)) {
      max_rel = difference / std::abs(wanted);
    }
    if (!result.tolerance.accepts(value, wanted) && (!worst || larger)) worst = i;
  }
  result.max_abs_difference = max_abs;
  result.max_rel_difference = max_rel;
  if (!worst) return;
  result.passed = false;
  result.remark = fmt::format("{}{} is {:.7g}, the reference {:.7g}", reference.outputs_name,
                              place(reference, *worst), found.values[*worst], expected.values[*worst]);
}

void compare_generation(Session& session, const Reference& reference, Dtype dtype, VerifyResult& result) {
  // In float32 nothing excuses another id.
  const double excusable_gap = dtype == Dtype::float32 ? 0 : 2 * result.tolerance.absolute;
  GreedyComparison comparison(reference, result.tolerance, excusable_gap);
  session.generate(reference.input, reference.new_tokens, comparison);
  const GreedyOutcome outcome = comparison.finish();
  result.new_tokens = outcome.new_tokens;
  result.first_divergent_token = outcome.first_divergent_token;
  if (result.passed) result.remark = outcome.remark;
  result.passed = result.passed && outcome.passed;
}

RunOptions plan_options(const VerifyOptions& options, const Reference& reference) {
  RunOptions run;
  run.model_id = options.model_id;
  run.dtype = options.dtype;
  run.device = options.device;
  run.variants = options.variants;
  run.attn_implementations = options.attn_implementations;
  run.sdpa_backends = options.sdpa_backends;
  run.compile_modes = options.compile_modes;
  run.threads = options.threads;
  run.level = options.level;
  run.batch_sizes = {reference.input.batch};
  run.sequence_lengths = {reference.input.tokens};
  run.num_tokens_to_generate = {std::max<std::int64_t>(reference.new_tokens, 1)};
  return run;
}

VerifyResult verify_scenario(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
                             const Reference& reference, Dtype dtype) {
  VerifyResult result;
  try {
    const auto session = benchmark.benchmark->open(config_to_open(benchmark, scenario.config));
    session->prepare({.prompt = reference.input, .new_tokens = reference.new_tokens});
    result = verify_session(*session, reference, dtype);
  } catch (const Unavailable& lack) {
    result.skipped = true;
    result.remark = lack.what();
  } catch (const Error& error) {
    result.remark = error.what();
  }
  result.scenario_name = scenario.name;
  return result;
}

}  // namespace

VerifyResult verify_session(Session& session, const Reference& reference, Dtype dtype) {
  VerifyResult result;
  result.passed = true;
  try {
    const bool has_outputs = !reference.outputs.values.empty();
    result.tolerance = output_tolerance(dtype, session.facts().layers,
                                        has_outputs ? reference.outputs.values : reference.step_logits);
    if (has_outputs) compare_outputs(session.forward(reference.input), reference, result);
    if (reference.new_tokens > 0) compare_generation(session, reference, dtype, result);
  } catch (const Error& error) {
    result.passed = false;
    result.remark = error.what();
  }
  return result;
}

std::vector<VerifyResult> verify(std::span<const std::unique_ptr<ModelBenchmark>> benchmarks,
                                 const VerifyOptions& options,
                                 const std::function<void(const VerifyResult&)>& report,
                                 const std::function<void()>& throw_if_interrupted) {
  const std::optional<Dtype> dtype = dtype_from_name(options.dtype);
  if (!dtype)
    fail<UsageError>("the dtype '{}' is not known; float32, bfloat16 and float16 are", options.dtype);
  const Reference reference = read_reference(options.reference);
  std::vector<VerifyResult> results;
  auto plan = plan_run(benchmarks, plan_options(options, reference), options.locate_model);
  locate_models(plan, options.locate_model);
  for (const auto& planned : plan) {
    for (const auto& scenario : planned.scenarios) {
      throw_if_interrupted();
      results.push_back(verify_scenario(planned, scenario, reference, *dtype));
      report(results.back());
    }
  }
  return results;
}

}  // namespace bv2
