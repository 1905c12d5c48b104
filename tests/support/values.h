// Tensors to and from plain doubles, and random ones, for tests.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "engine/tensor/tensor.h"

namespace bv2::test {

/// The elements in row-major order, whatever the dtype and the strides.
std::vector<double> values_of(const engine::Tensor& tensor);
/// A new tensor of these elements, rounded once to the dtype (from double through float32 for the 16-bit
/// ones).
engine::Tensor tensor_from(const std::vector<double>& values, Dtype dtype, const engine::Shape& shape);
/// Writes the elements of a tensor or view in row-major order, rounded once to its dtype.
void assign(const engine::Tensor& destination, const std::vector<double>& values);
/// Normally distributed elements.
engine::Tensor random_tensor(std::mt19937_64& random, Dtype dtype, const engine::Shape& shape,
                             double deviation = 1);
/// The same shape and values over memory with `extra` unused elements after each run of the last two
/// dimensions, as a cache of more capacity than tokens has them. What is unused is NaN, so that reading it
/// shows.
engine::Tensor in_larger_cache(const engine::Tensor& tensor, std::int64_t extra);

}  // namespace bv2::test
