// Operations that move elements without changing them: look-ups, copies, joins, masks.
#pragma once

#include <span>

#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// table [rows, width], ids int64 [...] -> [..., width]. Throws Error with the id that is outside the table.
Tensor take_rows(const Tensor& table, const Tensor& ids);
/// Joined along `dim`; the other sizes and the dtypes must be equal.
Tensor concatenate(std::span<const Tensor> parts, std::int64_t dim);
/// A row-major copy.
Tensor packed_copy(const Tensor& x);
/// Writes source over destination: equal shapes and dtypes, any strides, no overlap.
void copy_elements(const Tensor& destination, const Tensor& source);

/// Which keys each query may see.
struct MaskShape {
  std::int64_t tokens = 0;  ///< queries: the last of the keys' positions
  std::int64_t keys = 0;
  bool causal = true;
  std::int64_t window = 0;  ///< keys that a query sees at most, itself included; 0: all
};
/// The additive mask [rows, 1, tokens, keys]: 0 or -inf. padding int64 [rows]: leading keys of each row that
/// are hidden; or undefined (rows = 1).
Tensor additive_mask(const MaskShape& shape, const Tensor& padding, Dtype dtype);

}  // namespace bv2::engine
