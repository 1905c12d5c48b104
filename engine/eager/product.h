// A matrix product on memory: what matmul is brought down to before a way to compute it is chosen.
#pragma once

#include "engine/eager/loop_nest.h"

namespace bv2::engine::eager {

/// c[b] = a[b] * b[b] for every step b of the batch: a [m, k], b [k, n], c [m, n] row-major without gaps.
/// Strides count elements. Of a matrix's two strides one at least is 1; a dimension of size 1 has the stride
/// that it would have in a matrix without gaps.
struct Product {
  Dtype dtype;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  std::int64_t a_row;  ///< from one m to the next
  std::int64_t a_col;
  std::int64_t b_row;  ///< from one k to the next
  std::int64_t b_col;
  LoopNest batch;  ///< operands 0, 1, 2: c, a, b
  std::byte* c;
  const std::byte* a;
  const std::byte* b;

  [[nodiscard]] std::int64_t b_bytes() const {
    return batch.count * n * k * static_cast<std::int64_t>(size_bytes(dtype));
  }
};

/// For few rows: b is read once, where it lies. a_col has to be 1. Needs no preparation, so sizes may change
/// from call to call.
void multiply_rows(const Product& product);

}  // namespace bv2::engine::eager
