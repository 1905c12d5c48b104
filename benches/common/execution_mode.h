// The variants of the built-in engine: how a loaded model is run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/eager/eager_executor.h"
#include "engine/generation/model_runner.h"
#include "engine/kernels/weight_packing.h"
#include "engine/ops/context.h"
#include "framework/model_benchmark.h"

namespace bv2 {

/// One way to run one model. Used by one thread; the model has to live longer.
class ExecutionMode {
 public:
  explicit ExecutionMode(engine::AttentionPath attention, engine::KernelSet* kernels = nullptr)
      : context_(executor_, attention, kernels) {}
  virtual ~ExecutionMode() = default;
  ExecutionMode(const ExecutionMode&) = delete;
  ExecutionMode& operator=(const ExecutionMode&) = delete;

  /// See Session::prepare.
  virtual PreparationTimes prepare(const Preparation& preparation) = 0;
  /// Once it is prepared.
  virtual engine::ModelRunner& runner() = 0;
  /// A mode in which nothing of its own ran must not be reported as that mode. Throws Error.
  virtual void check_ran() const {}
  /// Adds what ran to Session::effective, besides definitions and kernels.
  virtual void describe(Json& /*effective*/) const {}
  /// What ran while the context was profiled and it did not note itself; none are left.
  virtual std::vector<OperationSpan> take_spans() { return {}; }

  [[nodiscard]] engine::Context& context() { return context_; }
  [[nodiscard]] const engine::Context& context() const { return context_; }

 private:
  engine::EagerExecutor executor_;
  engine::Context context_;
};

/// The variants that there are.
std::vector<std::string> engine_variants();
/// The compile modes of the variant `compiled`.
std::vector<std::string> engine_compile_modes();

/// How `config` asks to run the model. Throws Error for a variant or compile mode that there is not.
std::unique_ptr<ExecutionMode> make_execution_mode(const ScenarioConfig& config, engine::Model& model,
                                                   engine::AttentionPath attention);

/// Packs the model's weights for products; what it did and the seconds that it took.
engine::PackingReport pack_timed(engine::Model& model, std::optional<double>& seconds);
void describe_packing(const engine::PackingReport& packing, Json& effective);

}  // namespace bv2
