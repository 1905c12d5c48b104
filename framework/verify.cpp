// Verification: a model's outputs held against reference outputs that something else computed.
#include "framework/verify.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "framework/gate.h"
#include "framework/run_plan.h"

namespace bv2 {
namespace {

/// A choice that is wrong says more than the outputs that follow from it.
void add_experts(const ExpertComparison& experts, std::int64_t new_tokens, VerifyResult& result) {
  result.experts = experts.finish(new_tokens);
  if (result.experts->passed) return;
  result.passed = false;
  result.remark = result.experts->remark;
}

void compare_all_outputs(Session& session, const Reference& reference, Dtype dtype, VerifyResult& result) {
  ExpertComparison experts(reference, dtype, session.facts().layers, nullptr);
  const WatchedExperts watched(session, experts.watch());
  const ForwardOutput found = session.forward(reference.input);
  const OutputsOutcome outcome = compare_outputs(found.values, found.width, reference, result.tolerance);
  result.max_abs_difference = outcome.max_abs_difference;
  result.max_rel_difference = outcome.max_rel_difference;
  result.passed = outcome.passed;
  result.remark = outcome.remark;
  if (!reference.routers.empty()) add_experts(experts, 0, result);
}

void compare_generation(Session& session, const Reference& reference, Dtype dtype, VerifyResult& result) {
  // In float32 nothing excuses another id.
  const double excusable_gap = dtype == Dtype::float32 ? 0 : 2 * result.tolerance.absolute;
  GreedyComparison comparison(reference, result.tolerance, excusable_gap);
  ExpertComparison experts(reference, dtype, session.facts().layers, &comparison);
  const WatchedExperts watched(session, experts.watch());
  session.generate(reference.input, reference.new_tokens, comparison);
  const GreedyOutcome outcome = comparison.finish();
  result.new_tokens = outcome.new_tokens;
  result.first_divergent_token = outcome.first_divergent_token;
  if (result.passed) result.remark = outcome.remark;
  result.passed = result.passed && outcome.passed;
  if (!reference.routers.empty()) add_experts(experts, reference.new_tokens, result);
}

class IgnoringSink final : public TokenSink {
 public:
  void on_tokens(std::span<const std::int64_t> /*ids*/) override {}
};

bool lacks_routers(const ModelFacts& facts, const Reference& reference, Dtype dtype) {
  const bool mixture = facts.forward_cost && facts.forward_cost->experts > 0;
  return mixture && dtype != Dtype::float32 && reference.routers.empty();
}

std::vector<RouterRecord> exact_routers(const ModelBenchmark& benchmark, const ScenarioConfig& config,
                                        const Reference& reference) {
  const auto session = benchmark.open(reference_config(config));
  session->prepare({.prompt = reference.input, .new_tokens = reference.new_tokens});
  const VerifyResult exact = verify_session(*session, reference, Dtype::float32);
  if (!exact.passed)
    fail("the reference's experts are not known: {} is not the reference ({})", gate_reference, exact.remark);
  std::vector<RouterRecord> routers;
  const WatchedExperts watched(*session, record_experts(routers));
  IgnoringSink sink;
  if (reference.new_tokens > 0) {
    session->generate(reference.input, reference.new_tokens, sink);
  } else {
    (void)session->forward(reference.input);
  }
  return routers;
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

/// Adds routers to the reference where it lacks them.
VerifyResult verify_scenario(const PlannedBenchmark& benchmark, const PlannedScenario& scenario,
                             Reference& reference, Dtype dtype) {
  VerifyResult result;
  try {
    const ScenarioConfig config = config_to_open(benchmark, scenario.config);
    auto session = benchmark.benchmark->open(config);
    if (lacks_routers(session->facts(), reference, dtype)) {
      session.reset();  // one model in memory at a time
      reference.routers = exact_routers(*benchmark.benchmark, config, reference);
      session = benchmark.benchmark->open(config);
    }
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
    if (has_outputs) compare_all_outputs(session, reference, dtype, result);
    if (reference.new_tokens > 0) compare_generation(session, reference, dtype, result);
    if (result.remark.empty() && result.experts && result.experts->ties > 0) {
      result.remark =
          fmt::format("{} of {} choices of experts are ties in this dtype; the reference's were run",
                      result.experts->ties, result.experts->choices);
    }
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
  Reference reference = read_reference(options.reference);
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
