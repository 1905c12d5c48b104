// Shapes and strides: short fixed-capacity lists of integers, held without allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"

namespace bv2::engine {

/// Up to six integers: the sizes of a tensor's dimensions, or its strides in elements.
class Dims {
 public:
  static constexpr std::size_t capacity = 6;

  Dims() = default;
  Dims(std::initializer_list<std::int64_t> values) : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const std::int64_t> values) : rank_(values.size()) {
    if (rank_ > capacity) fail("a tensor has {} dimensions, at most {} are supported", rank_, capacity);
    std::ranges::copy(values, values_.begin());
  }

  [[nodiscard]] std::size_t rank() const { return rank_; }
  /// Negative indices count from the end, as in Python.
  std::int64_t& operator[](std::int64_t dim) { return values_[index(dim)]; }
  std::int64_t operator[](std::int64_t dim) const { return values_[index(dim)]; }
  [[nodiscard]] std::int64_t back() const { return values_[rank_ - 1]; }
  [[nodiscard]] const std::int64_t* begin() const { return values_.data(); }
  [[nodiscard]] const std::int64_t* end() const { return values_.data() + rank_; }

  [[nodiscard]] std::int64_t product() const {
    std::int64_t result = 1;
    for (const std::int64_t value : *this) result *= value;
    return result;
  }
  /// Whether `dim` (negative counts from the end) is one of the dimensions.
  [[nodiscard]] bool has(std::int64_t dim) const {
    const auto rank = static_cast<std::int64_t>(rank_);
    return dim >= -rank && dim < rank;
  }
  [[nodiscard]] std::size_t index(std::int64_t dim) const {
    return dim < 0 ? static_cast<std::size_t>(dim + static_cast<std::int64_t>(rank_))
                   : static_cast<std::size_t>(dim);
  }
  friend bool operator==(const Dims& a, const Dims& b) { return std::ranges::equal(a, b); }

 private:
  std::array<std::int64_t, capacity> values_{};
  std::size_t rank_ = 0;
};

using Shape = Dims;
using Strides = Dims;

/// "[2, 3, 4]"
std::string to_string(const Dims& dims);
/// Strides of a row-major tensor of that shape.
Strides contiguous_strides(const Shape& shape);
/// `wanted` with its -1, if it has one, replaced by the size that the elements of `from` leave. Throws Error
/// naming both when the number of elements differs.
Shape reshaped(const Shape& from, Shape wanted);
/// The strides with which elements of `shape` and `strides` are seen as `wanted` without moving; nothing when
/// there are none. Both shapes have the same number of elements.
std::optional<Strides> view_strides(const Shape& shape, const Strides& strides, const Shape& wanted);
/// The shape two operands have together (numpy's rule). Throws Error naming both.
Shape broadcast(const Shape& a, const Shape& b);

}  // namespace bv2::engine
