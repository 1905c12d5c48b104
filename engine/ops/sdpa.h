// Scaled dot-product attention as one operation.
#pragma once

#include "engine/ops/layer.h"

namespace bv2::engine {

/// softmax(q k^T * scale + mask) v on one of the sdpa paths; shapes as Attention.
Tensor sdpa(AttentionPath path, const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
            const Tensor& padding);

/// Throws Error when the shapes do not fit.
void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& padding);

}  // namespace bv2::engine
