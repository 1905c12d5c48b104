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
#include "framework/expert_comparison.h"
#include "framework/model_benchmark.h"
#include "framework/model_location.h"
#include "framework/output_comparison.h"
#include "framework/reference.h"

namespace bv2 {

/// How one scenario compared.
struct VerifyResult {
  std::string scenario_name;
  bool passed = false;
  bool skipped = false;  ///< the machine lacks what the mode needs: neither passed nor failed
  std::optional<double> max_abs_difference;  ///< of all outputs; missing where nothing could be compared
  std::optional<double> max_rel_difference;  ///< of the outputs whose reference is not 0
  OutputTolerance tolerance;
  std::int64_t new_tokens = 0;                        ///< compared, a sequence
  std::optional<std::int64_t> first_divergent_token;  ///< index in the continuation, from 0; missing: none
  std::optional<ExpertOutcome> experts{};             ///< of the last run, where the reference has routers
  std::string remark;  ///< why it failed, or what is none of its fault (a divergent token, a tie); one line
};

/// Runs the session's forward and greedy generation on the reference's input and compares. The session has
/// been prepared. Ids must be equal in float32; in a shorter dtype a sequence may part from the reference
/// only where its own logits put the two candidates closer than twice the tolerance, which is as far as two
/// logits can be moved against each other. Where the reference has routers the session runs their choices:
/// see ExpertComparison. What the session throws as Error becomes the result's remark.
VerifyResult verify_session(Session& session, const Reference& reference, Dtype dtype);

struct VerifyOptions {
  std::string model_id;  ///< a checkpoint folder, or what `locate_model` finds
  std::filesystem::path reference;
  std::string dtype = "float32";
  std::string device = "cpu";
  std::vector<std::string> variants;  ///< empty: all; so for the next three
  std::vector<std::string> attn_implementations;
  std::vector<std::string> sdpa_backends;
  std::vector<std::string> compile_modes;
  int level = 2;             ///< coverage: by default every attention implementation in the first mode
  std::int64_t threads = 0;  ///< 0: physical cores
  LocateModel locate_model = locate_folder;
};

/// Verifies the modes and attention implementations that the benchmarks offer for the model and the options
/// leave, calling `report` after each. For a mixture of experts in a short dtype, a reference without routers
/// gets those of the model in float32, eager with plain attention, which has to give the reference's outputs
/// itself. Throws UsageError for options that select nothing and for a
/// reference that cannot be used, and Interrupted when `interrupted` says so before the next.
std::vector<VerifyResult> verify(
    std::span<const std::unique_ptr<ModelBenchmark>> benchmarks, const VerifyOptions& options,
    const std::function<void(const VerifyResult&)>& report,
    const std::function<void()>& throw_if_interrupted = [] {});

}  // namespace bv2
