// What follows a product of many rows and is done with it, before its result is rounded and stored: by the
// library's post-operations or by our own loops.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "engine/compiled/graph.h"
#include "engine/kernels/onednn_panels.h"

namespace bv2::engine::compiled {

struct ProductEpilogue {
  std::string_view name{};  ///< "linear_residual", "linear_activation", "gated_projection"
  std::size_t main = 0;     ///< the product's output that is activated or added to
  std::optional<Activation> activation{};
  ProductFusion::Other other = ProductFusion::Other::none;
  View operand{};  ///< what is added; of a gate the product's other output
  View out{};
};

/// What `after` does to the product, if it is one of these: the sum with something of the same shape in
/// other memory than the result; an activation; an activation of one of two outputs times the other. All of
/// one dtype and without gaps.
std::optional<ProductEpilogue> product_epilogue(const Graph& graph, const Node& product,
                                                std::span<const Node> after);

}  // namespace bv2::engine::compiled
