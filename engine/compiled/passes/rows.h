// The rows that nodes of a group have in common.
#pragma once

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// How many leading dimensions a node alone has as rows: all up to the last size that is not a number, the
/// last dimension never.
std::size_t row_count(const Node& node);
/// Whether the node's first `count` sizes are the first of `shape`, and the rest are numbers but for the
/// last.
bool has_rows(const Node& node, std::size_t count, const std::vector<Expression>& shape);
/// Whether a row of `node` needs nothing of another row of what the group writes, and writes nothing that
/// another row of the group uses.
bool keeps_rows(const Node& group, const Node& node);
/// A product as groups have it: its input and outputs without dimensions of size 1 but the last.
Node squeezed_product(const Node& product);

}  // namespace bv2::engine::compiled
