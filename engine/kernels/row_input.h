// The rows that a product reads, in float32.
#pragma once

#include "engine/kernels/panel_products.h"
#include "engine/ops/context.h"

namespace bv2::engine {

/// x [.., depth], contiguous, as rows in float32: x itself, or scratch memory that stays valid until the next
/// call.
ProductInput row_input(Context& context, const Tensor& x);

}  // namespace bv2::engine
