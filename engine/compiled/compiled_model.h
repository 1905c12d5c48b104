// A model's graphs, built and bound to memory: runs a prefill or a decode step.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "engine/compiled/bindings.h"
#include "engine/compiled/memory_plan.h"
#include "engine/compiled/model_graphs.h"
#include "engine/compiled/passes/passes.h"
#include "engine/compiled/program.h"
#include "engine/generation/model_runner.h"

namespace bv2::engine::compiled {

/// Makes a program of each optimised graph, which lives as long as the program. Throws Error.
using ProgramBuilder =
    std::function<std::vector<std::unique_ptr<Program>>(std::span<const Graph* const> graphs)>;

/// What there is to report of one graph.
struct GraphFacts {
  std::string name;
  std::int64_t nodes_traced = 0;
  std::int64_t groups = 0;    ///< of operations that run together
  std::int64_t products = 0;  ///< on their own
  std::int64_t calls = 0;     ///< layer operations that stayed whole
  std::int64_t others = 0;    ///< look-ups, masks, products of activations
  double trace_seconds = 0;   ///< passes included
  ProgramReport program;
  std::int64_t arena_bytes = 0;      ///< of the largest sizes that ran so far
  std::int64_t unplanned_bytes = 0;  ///< without a plan
};

/// Compiles the graphs of a model when they are first needed (or in prepare()), one for each GraphKind, and
/// runs them for all sizes. Memory is planned where sizes or caches change; a step with those of the step
/// before allocates nothing of its own. Used by one thread.
class CompiledModel {
 public:
  /// The model has to live longer.
  CompiledModel(const Model& model, AttentionPath attention, ProgramBuilder build, PassOptions passes = {});
  ~CompiledModel();
  CompiledModel(const CompiledModel&) = delete;
  CompiledModel& operator=(const CompiledModel&) = delete;

  /// Traces and builds graphs now, those that are not built yet at once.
  void prepare(std::span<const GraphKind> kinds);
  /// As Model::forward: ids int64 [batch, tokens] follow what the cache holds and are added to it. `context`
  /// is that of calls.
  StepResult run(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which);
  [[nodiscard]] std::vector<GraphFacts> facts() const;
  /// The steps that ran while the context was profiled, graph by graph; none are left.
  std::vector<OperationSpan> take_spans();

 private:
  struct Compiled;
  Compiled& compiled(const GraphKind& kind);
  [[nodiscard]] std::unique_ptr<Compiled> traced(const GraphKind& kind) const;

  const Model* model_;
  AttentionPath attention_;
  ProgramBuilder build_;
  PassOptions passes_;
  std::map<GraphKind, std::unique_ptr<Compiled>> graphs_;
};

/// A compiled model as a way to run it; both have to live longer.
class CompiledRunner final : public ModelRunner {
 public:
  CompiledRunner(CompiledModel& model, Context& context) : model_(&model), context_(&context) {}
  StepResult run(const Tensor& ids, KvCache& cache, LogitsOf which) override {
    return model_->run(*context_, ids, cache, which);
  }

 private:
  CompiledModel* model_;
  Context* context_;
};

}  // namespace bv2::engine::compiled
