// One element-wise operation as an expression of C++ on vectors.
#pragma once

#include <span>
#include <string>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// "silu_of(t3)", not rounded to the output's dtype. Throws Error for what code cannot be generated for.
std::string operation_text(const Node& node, std::span<const std::string> inputs);

/// `variable` rounded to the dtype of the node's output; itself where that changes nothing.
std::string rounded_text(const Graph& graph, const Node& node, const std::string& variable);

}  // namespace bv2::engine::compiled
