// Verification: a model's outputs held against reference outputs that something else computed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "framework/model_benchmark.h"
#include "framework/reference.h"

namespace bv2 {

/// By how much an output may differ from its reference: by `absolute`, or by `relative` times the reference.
struct OutputTolerance {
  double absolute = 0;
  double relative = 0;
  /// False for anything that is not a number.
  [[nodiscard]] bool accepts(double value, double reference) const;
};

/// float32: 1e-4 of either kind, thousands of times the rounding of a sum of a few thousand terms.
///
/// For the shorter dtypes the bound follows from the roundings that lie between the prompt and an output.
/// Each is an error of at most half an epsilon, relative and independent of the others, so that their
/// variances add. A layer adds two blocks to the residual stream; a block (norm, projections with rounded
/// weights, rotary and attention, or activation and product) has about 16 rounded results one after another,
/// where each basic operation rounds its own. An output of an L-layer model is then off by a normal error of
///   epsilon / 2 * sqrt(16 * (2 L + 1)) * rms(outputs)
/// and the largest of N such errors is expected below sqrt(2 ln N) of these.
OutputTolerance output_tolerance(Dtype dtype, std::int64_t layers, std::span<const float> reference);

/// How one scenario compared.
struct VerifyResult {
  std::string scenario_name;
  bool passed = false;
  std::optional<double> max_abs_difference;  ///< of all outputs; missing where nothing could be compared
  std::optional<double> max_rel_difference;  ///< of the outputs whose reference is not 0
  OutputTolerance tolerance;
  std::int64_t new_tokens = 0;                        ///< compared, a sequence
  std::optional<std::int64_t> first_divergent_token;  ///< index in the continuation, from 0; missing: none
  std::string remark;  ///< why it failed, or why a divergent token is none of its fault; one line
};

/// Runs the session's forward and greedy generation on the reference's input and compares. The session has
/// been prepared. Ids must be equal in float32; in a shorter dtype a sequence may part from the reference
/// only where its own logits put the two candidates closer than twice the tolerance, which is as far as two
/// logits can be moved against each other. What the session throws as Error becomes the result's remark.
VerifyResult verify_session(Session& session, const Reference& reference, Dtype dtype);

struct VerifyOptions {
  std::string model_id;  ///< checkpoint folder
  std::filesystem::path reference;
  std::string dtype = "float32";
  std::string device = "cpu";
  std::vector<std::string> variants;  ///< empty: all; so for the next three
  std::vector<std::string> attn_implementations;
  std::vector<std::string> sdpa_backends;
  std::vector<std::string> compile_modes;
  std::int64_t threads = 0;  ///< 0: physical cores
};

/// Verifies every mode with every attention implementation that the benchmarks offer for the model and the
/// options leave, calling `report` after each. Throws UsageError for options that select nothing and for a
/// reference that cannot be used, and Interrupted when `interrupted` says so before the next.
std::vector<VerifyResult> verify(
    std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const VerifyOptions& options,
    const std::function<void(const VerifyResult&)>& report,
    const std::function<void()>& throw_if_interrupted = [] {});

}  // namespace bv2
