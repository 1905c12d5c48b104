// Runs a graph of compiled mode node by node: the oracle of passes and of generated code.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/compiled/bindings.h"
#include "engine/compiled/graph.h"
#include "engine/compiled/program.h"

namespace bv2::test {

/// Each node as the basic operation that it is, by an executor that the caller gives; groups row by row.
class GraphInterpreter final : public engine::compiled::Program {
 public:
  /// Both have to live longer.
  GraphInterpreter(const engine::compiled::Graph& graph, engine::BasicExecutor& executor)
      : graph_(&graph), executor_(&executor) {}

  void run(const engine::compiled::Sizes& sizes, std::span<std::byte* const> buffers,
           engine::compiled::CallRunner& calls) override;

 private:
  const engine::compiled::Graph* graph_;
  engine::BasicExecutor* executor_;
};

/// Runs the calls of a graph in eager mode, at fixed buffers and sizes.
class EagerCalls final : public engine::compiled::CallRunner {
 public:
  EagerCalls(const engine::compiled::Graph& graph, std::span<std::byte* const> buffers,
             const engine::compiled::Sizes& sizes);
  void run_call(std::size_t node) override;

 private:
  const engine::compiled::Graph* graph_;
  engine::compiled::Bindings bindings_;
  engine::compiled::Sizes sizes_;
};

/// Runs a graph on these inputs and states (by name), with memory of its own for the rest; the results.
std::vector<engine::Tensor> interpret(const engine::compiled::Graph& graph,
                                      const engine::compiled::Sizes& sizes,
                                      const std::map<std::string, engine::Tensor>& given,
                                      engine::BasicExecutor& executor);

}  // namespace bv2::test
