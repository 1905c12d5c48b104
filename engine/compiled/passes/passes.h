// The passes: each rewrites a graph into one that computes the same.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

struct Pass {
  std::string_view name;
  void (*run)(Graph& graph);
};

/// All passes in the order in which they run.
std::span<const Pass> passes();

struct PassOptions {
  std::set<std::string, std::less<>> off;  ///< names of passes that do not run
  /// Called after each pass that ran; may be empty.
  std::function<void(std::string_view pass, const Graph& graph)> after;
};

/// Runs the passes. The graph is checked after each. Throws Error for a name in `off` that is no pass.
void optimise(Graph& graph, const PassOptions& options = {});

// The passes one by one.

/// What depends on constants alone is computed once, now.
void fold_constants(Graph& graph);
/// Copies of what lies in that order already, products with 1 and sums with 0 go.
void remove_no_ops(Graph& graph);
/// What was computed before from the same inputs is not computed again.
void merge_common(Graph& graph);
/// Element-wise operations on joined tensors (the halves of a rotation) are done on the parts.
void split_joins(Graph& graph);
/// Products that share their input become one node: one pass over it, and neighbours in a step.
void combine_products(Graph& graph);
/// Element-wise operations and reductions walk their dimensions in the order of memory, without those of
/// size 1: what is computed from one product has the same rows then.
void order_dimensions(Graph& graph);
/// Element-wise operations and reductions over the same rows become one group.
void fuse(Graph& graph);
/// What follows a product element by element joins it: in a decode step as much as saves memory, else what
/// product_epilogue() knows.
void fuse_products(Graph& graph);
/// In a decode step, what computes a product's input row by row (a norm) joins it.
void fuse_inputs(Graph& graph);
/// An element-wise result takes the memory of an input that nothing reads afterwards.
void reuse_in_place(Graph& graph);
/// What no result and no state depends on goes, with the buffers that nothing uses.
void remove_dead(Graph& graph);

}  // namespace bv2::engine::compiled
