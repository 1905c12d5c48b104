// Code for products of a few rows: the weights are streamed once, what is fused to the product happens in
// registers.
#pragma once

#include <span>

#include "engine/compiled/function_code.h"
#include "engine/compiled/lowering.h"

namespace bv2::engine::compiled {

/// Whether these nodes can run on one vector of a product's outputs at a time: element-wise, of the product's
/// own shape.
bool can_follow_streamed_product(const Graph& graph, const Node& product, std::span<const Node> after,
                                 std::size_t row_rank);
/// Whether each thread can compute the product's input by itself, which is all that these nodes are for.
bool can_precede_streamed_product(const Graph& graph, std::span<const Node> before, const Node& product,
                                  std::span<const Node> after);

/// The function that runs a group with a product, CodeChoices::few_rows rows at once. The weights have to be
/// packed.
Function streamed_function(const Graph& graph, const Node& group, const CodeChoices& choices);

}  // namespace bv2::engine::compiled
