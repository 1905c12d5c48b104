// Verification: a model's outputs held against reference outputs that something else computed.
#include "framework/verify.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "framework/run_plan.h"

namespace bv2 {
namespace {

void compare_all_outputs(const ForwardOutput& found, const Reference& reference, VerifyResult& result) {
  const OutputsOutcome outcome = compare_outputs(found.values, found.width, reference, result.tolerance);
  result.max_abs_difference = outcome.max_abs_difference;
  result.max_rel_difference = outcome.max_rel_difference;
  result.passed = outcome.passed;
  result.remark = outcome.remark;
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
    if (has_outputs) compare_all_outputs(session.forward(reference.input), reference, result);
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
