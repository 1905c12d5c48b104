// From a graph to steps: which of them generated code does, and which the engine does when it is called back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

enum class StepKind {
  rows,      ///< element-wise nodes and reductions, row by row
  streamed,  ///< a product of a few rows with what is fused to it, streaming packed weights
  take_rows,
  mask,
  host,  ///< a product of many rows (a group where its epilogue is done with it), a matmul or a call: the
         ///< engine runs it
};

struct Step {
  StepKind kind = StepKind::rows;
  Node node;                 ///< as the graph has it; a part of it where a group was split around its product
  std::size_t of_graph = 0;  ///< its index in Graph::nodes
};

/// Choices that do not change results, made by measuring or left as they are.
struct CodeChoices {
  std::int64_t few_rows = 4;  ///< products of at most as many rows stream the weights in generated code; 0:
                              ///< all are calls of the engine
  bool fuse_input = true;    ///< each thread computes a product's input (a norm) itself: no barrier before it
  std::int64_t streams = 1;  ///< panels of weights that are read side by side for a row alone
  std::int64_t waiting_bytes = 0;  ///< of the next weights that a thread asks for while it waits
  bool own_products = false;       ///< products that are calls run our own loops, not the library's
  friend bool operator==(const CodeChoices&, const CodeChoices&) = default;
};
std::string to_string(const CodeChoices& choices);

/// A buffer that the lowering added, in memory of the program's own. Those of one node of the graph live
/// together; those of two never at once.
struct AddedBuffer {
  BufferId buffer = no_buffer;
  std::size_t of_graph = 0;
};

struct LoweredGraph {
  Graph graph;  ///< with further buffers, weights packed; its nodes are not used
  std::vector<AddedBuffer> added;
  std::vector<Step> few;             ///< steps where every product has few rows; empty where none can have
  std::vector<Step> many;            ///< steps for any number of rows; empty where all always have few
  std::vector<Expression> few_rows;  ///< those that have to be at most CodeChoices::few_rows for `few`
};

LoweredGraph lower(const Graph& graph, const CodeChoices& choices);

/// A group's body before its product, the product, and what comes after.
struct SplitGroup {
  std::vector<Node> before;
  const Node* product = nullptr;
  std::vector<Node> after;
};
SplitGroup split_around_product(const Node& group);
const Node* product_of(const Node& node);

}  // namespace bv2::engine::compiled
