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

/// Compares ids as they come. Where a sequence parts from the reference, its later ids have another context
/// and mean nothing.
class ComparingSink : public TokenSink {
 public:
  ComparingSink(const Reference& reference, Dtype dtype, VerifyResult& result)
      : reference_(reference),
        excusable_gap_(dtype == Dtype::float32 ? 0 : 2 * result.tolerance.absolute),
        result_(result),
        parted_(static_cast<std::size_t>(reference.input.batch), false) {}

  [[nodiscard]] bool wants_logits() const override { return excusable_gap_ > 0; }

  void on_logits(std::span<const float> logits) override { logits_.assign(logits.begin(), logits.end()); }

  void on_tokens(std::span<const std::int64_t> ids) override {
    if (ids.size() != parted_.size()) {
      fail("the model gave {} ids at once for {} sequences", ids.size(), parted_.size());
    }
    for (std::size_t row = 0; row < ids.size() && tokens_ < reference_.new_tokens; ++row) {
      const auto at = static_cast<std::int64_t>(row) * reference_.new_tokens + tokens_;
      const std::int64_t wanted = reference_.generated_ids[static_cast<std::size_t>(at)];
      if (!parted_[row] && ids[row] != wanted) part(row, ids[row], wanted);
    }
    ++tokens_;
  }

  void finish() {
    result_.new_tokens = std::min(tokens_, reference_.new_tokens);
    if (tokens_ != reference_.new_tokens) {
      fail("the model generated {} tokens where {} were asked for", tokens_, reference_.new_tokens);
    }
  }

 private:
  void part(std::size_t row, std::int64_t found, std::int64_t wanted) {
    parted_[row] = true;
    if (!result_.first_divergent_token) result_.first_divergent_token = tokens_;
    const std::optional<double> gap = logit_gap(row, found, wanted);
    const std::string what =
        fmt::format("token {} of sequence {} is {}, the reference {}", tokens_, row, found, wanted);
    if (gap && *gap <= excusable_gap_) {
      note(fmt::format("{} (logits {:.2g} apart: a tie in this dtype)", what, *gap));
    } else {
      if (result_.passed) result_.remark.clear();
      result_.passed = false;
      note(what);
    }
  }

  void note(const std::string& what) {
    if (result_.remark.empty()) result_.remark = what;
  }

  /// How far the session's logits put its choice above the reference's.
  [[nodiscard]] std::optional<double> logit_gap(std::size_t row, std::int64_t found,
                                                std::int64_t wanted) const {
    const std::size_t width = logits_.size() / parted_.size();
    const auto outside = [&](std::int64_t id) { return id < 0 || static_cast<std::size_t>(id) >= width; };
    if (outside(found) || outside(wanted)) return std::nullopt;
    const float* own = logits_.data() + row * width;
    const double gap = static_cast<double>(own[found]) - static_cast<double>(own[wanted]);
    return std::isfinite(gap) ? std::optional(gap) : std::nullopt;
  }

  const Reference& reference_;
  double excusable_gap_;
  VerifyResult& result_;
  std::vector<bool> parted_;
  std::vector<float> logits_;  // [batch, vocabulary] of the step
  std::int64_t tokens_ = 0;
};

RunOptions plan_options(const VerifyOptions& options, const Reference& reference) {
  constexpr int every_attention_implementation = 2;
  RunOptions run;
  run.model_id = options.model_id;
  run.dtype = options.dtype;
  run.device = options.device;
  run.variants = options.variants;
  run.attn_implementations = options.attn_implementations;
  run.sdpa_backends = options.sdpa_backends;
  run.compile_modes = options.compile_modes;
  run.threads = options.threads;
  run.level = every_attention_implementation;
  run.batch_sizes = {reference.input.batch};
  run.sequence_lengths = {reference.input.tokens};
  run.num_tokens_to_generate = {std::max<std::int64_t>(reference.new_tokens, 1)};
  return run;
}

VerifyResult verify_scenario(const ModelBenchmark& benchmark, const PlannedScenario& scenario,
                             const Reference& reference, Dtype dtype) {
  VerifyResult result;
  try {
    const auto session = benchmark.open(scenario.config);
    session->prepare();
    result = verify_session(*session, reference, dtype);
  } catch (const Error& error) {
    result.remark = error.what();
  }
  result.scenario_name = scenario.name;
  return result;
}

}  // namespace

bool OutputTolerance::accepts(double value, double reference) const {
  const double difference = std::abs(value - reference);
  return difference <= absolute || difference <= relative * std::abs(reference);
}

OutputTolerance output_tolerance(Dtype dtype, std::int64_t layers, std::span<const float> reference) {
  if (dtype == Dtype::float32) return {.absolute = 1e-4, .relative = 1e-4};
  if (layers <= 0) {
    fail(
        "the model does not say how many layers it has, from which the bound for {} follows; verify in "
        "float32",
        name(dtype));
  }
  constexpr double rounded_results_per_block = 16;
  const auto blocks = static_cast<double>(2 * layers + 1);
  double squares = 0;
  for (const float value : reference) squares += static_cast<double>(value) * static_cast<double>(value);
  const auto count = static_cast<double>(std::max<std::size_t>(reference.size(), 2));
  const double rms = std::sqrt(squares / count);
  return {.absolute = info(dtype).epsilon / 2 * std::sqrt(rounded_results_per_block * blocks) * rms *
                      std::sqrt(2 * std::log(count)),
          .relative = 0};
}

VerifyResult verify_session(Session& session, const Reference& reference, Dtype dtype) {
  VerifyResult result;
  result.passed = true;
  try {
    result.tolerance = output_tolerance(dtype, session.facts().layers, reference.outputs.values);
    compare_outputs(session.forward(reference.input), reference, result);
    if (reference.new_tokens > 0) {
      ComparingSink sink(reference, dtype, result);
      session.generate(reference.input, reference.new_tokens, sink);
      sink.finish();
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
  const Reference reference = read_reference(options.reference);
  std::vector<VerifyResult> results;
  for (const auto& planned : plan_run(benchmarks, plan_options(options, reference))) {
    for (const auto& scenario : planned.scenarios) {
      throw_if_interrupted();
      results.push_back(verify_scenario(*planned.benchmark, scenario, reference, *dtype));
      report(results.back());
    }
  }
  return results;
}

}  // namespace bv2
