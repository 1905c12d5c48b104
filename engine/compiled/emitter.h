// Prints a graph as C++.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/compiled/lowering.h"

namespace bv2::engine::compiled {

struct EmitOptions {
  bool one_team = false;  ///< all steps in one parallel region, with barriers between them, but for calls
                          ///< that start threads of their own, where every product has few rows. Otherwise a
                          ///< region for the steps between two calls of the engine
  CodeChoices choices;
};

/// A node that generated code calls the engine for, by its place in EmittedCode::host_nodes.
struct HostNode {
  Node node;
  std::size_t of_graph = 0;  ///< its index in Graph::nodes; of a product in a group: the group's
};

/// What there is to say of a step: by the number that generated code marks its beginning with.
struct StepFacts {
  std::string name;         ///< of its function, or of what the engine is called for
  bool generated = false;   ///< else the engine is called
  bool takes_rows = false;  ///< of its first input, only those that the others name
  std::vector<View> inputs{};
  std::vector<View> outputs{};
};

struct EmittedCode {
  std::string source;
  Graph graph;  ///< the buffers that host nodes and addresses are of: the graph's, then `added`
  CodeChoices choices;
  std::vector<AddedBuffer> added;
  std::vector<HostNode> host_nodes;
  std::vector<StepFacts> steps;
  std::vector<std::vector<Expression>> scratch_floats;  ///< of a thread: the largest of these sums
  std::size_t functions = 0;                            ///< distinct ones
  std::size_t generated_steps = 0;        ///< calls of them in one run (with few rows, where that differs)
  std::map<std::string, int> host_steps;  ///< calls of the engine in one run, by operation
};

/// The name of the function that runs the graph: `extern "C" void run_graph(const Launch*)`.
constexpr std::string_view entry_name = "run_graph";
/// The name of the function that says which engine/compiled/prelude/abi.h the code was printed with.
constexpr std::string_view abi_name = "bv2_generated_abi";

/// Throws Error for what code cannot be generated for.
EmittedCode emit(const Graph& graph, const EmitOptions& options);

}  // namespace bv2::engine::compiled
