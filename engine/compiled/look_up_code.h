// Code for look-ups in tables and for attention masks.
#pragma once

#include "engine/compiled/function_code.h"

namespace bv2::engine::compiled {

Function take_rows_function(const Graph& graph, const Node& node);
Function mask_function(const Graph& graph, const Node& node);

}  // namespace bv2::engine::compiled
