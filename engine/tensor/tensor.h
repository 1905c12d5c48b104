// A tensor: a dtype, a shape and strides over shared storage. A value: copying it copies the view, not the
// data.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/dtype.h"
#include "base/error.h"
#include "base/float16.h"
#include "engine/tensor/shape.h"
#include "engine/tensor/storage.h"

namespace bv2::engine {

/// The C++ type that holds one element of a dtype.
template <Dtype>
struct ElementOf;
template <>
struct ElementOf<Dtype::float32> {
  using type = float;
};
template <>
struct ElementOf<Dtype::bfloat16> {
  using type = BFloat16;
};
template <>
struct ElementOf<Dtype::float16> {
  using type = Float16;
};
template <>
struct ElementOf<Dtype::float64> {
  using type = double;
};
template <>
struct ElementOf<Dtype::int64> {
  using type = std::int64_t;
};
template <>
struct ElementOf<Dtype::int32> {
  using type = std::int32_t;
};

template <class T>
struct DtypeOf;
template <>
struct DtypeOf<float> {
  static constexpr Dtype value = Dtype::float32;
};
template <>
struct DtypeOf<BFloat16> {
  static constexpr Dtype value = Dtype::bfloat16;
};
template <>
struct DtypeOf<Float16> {
  static constexpr Dtype value = Dtype::float16;
};
template <>
struct DtypeOf<double> {
  static constexpr Dtype value = Dtype::float64;
};
template <>
struct DtypeOf<std::int64_t> {
  static constexpr Dtype value = Dtype::int64;
};
template <>
struct DtypeOf<std::int32_t> {
  static constexpr Dtype value = Dtype::int32;
};

/// Not thread safe for writing; any number of threads may read.
class Tensor {
 public:
  /// No tensor at all: `defined()` is false.
  Tensor() = default;
  /// New row-major memory, not initialised.
  Tensor(Dtype dtype, const Shape& shape)
      : storage_(
            std::make_shared<Storage>(static_cast<std::size_t>(shape.product()) * bv2::size_bytes(dtype))),
        dtype_(dtype),
        shape_(shape),
        strides_(contiguous_strides(shape)) {}
  /// A view of storage; `offset` and strides count elements.
  Tensor(std::shared_ptr<Storage> storage, Dtype dtype, const Shape& shape, const Strides& strides,
         std::int64_t offset)
      : storage_(std::move(storage)), dtype_(dtype), shape_(shape), strides_(strides), offset_(offset) {}

  [[nodiscard]] bool defined() const { return storage_ != nullptr; }
  [[nodiscard]] Dtype dtype() const { return dtype_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] const Strides& strides() const { return strides_; }
  [[nodiscard]] std::size_t rank() const { return shape_.rank(); }
  /// Size of a dimension; negative counts from the end.
  [[nodiscard]] std::int64_t size(std::int64_t dim) const { return shape_[dim]; }
  [[nodiscard]] std::int64_t numel() const { return shape_.product(); }
  [[nodiscard]] std::size_t size_bytes() const {
    return static_cast<std::size_t>(numel()) * bv2::size_bytes(dtype_);
  }
  [[nodiscard]] bool is_contiguous() const;
  [[nodiscard]] const std::shared_ptr<Storage>& storage() const { return storage_; }
  [[nodiscard]] std::int64_t offset() const { return offset_; }

  /// False when the elements were rearranged for the kernels or are not there; reading them as if they were
  /// throws Error.
  [[nodiscard]] bool is_plain() const { return storage_ == nullptr || storage_->layout() == Layout::plain; }

  /// Address of the first element, whatever the dtype.
  [[nodiscard]] std::byte* raw() const {
    if (!is_plain()) refuse_to_read();
    return storage_->data() + static_cast<std::size_t>(offset_) * bv2::size_bytes(dtype_);
  }
  /// Address of the first element. Throws Error when T is not the tensor's dtype.
  template <class T>
  [[nodiscard]] T* data() const {
    if (DtypeOf<T>::value != dtype_) {
      fail("a {} tensor was read as {}", name(dtype_), name(DtypeOf<T>::value));
    }
    return reinterpret_cast<T*>(raw());
  }
  /// The elements of a contiguous tensor.
  template <class T>
  [[nodiscard]] std::span<T> span() const {
    if (!is_contiguous()) fail("a strided tensor {} was read as contiguous", to_string(shape_));
    return {data<T>(), static_cast<std::size_t>(numel())};
  }

  // Views: no data moves. They throw Error with the shapes when they do not fit.
  /// One size may be -1. Needs a tensor whose layout can be seen so (a contiguous one always can).
  [[nodiscard]] Tensor reshape(Shape shape) const;
  [[nodiscard]] Tensor transpose(std::int64_t dim_a, std::int64_t dim_b) const;
  /// Elements [begin, end) of a dimension.
  [[nodiscard]] Tensor slice(std::int64_t dim, std::int64_t begin, std::int64_t end) const;
  /// Dimensions of size 1 repeated, new leading ones added.
  [[nodiscard]] Tensor expand(const Shape& shape) const;

 private:
  [[noreturn]] void refuse_to_read() const;

  std::shared_ptr<Storage> storage_;
  Dtype dtype_ = Dtype::float32;
  Shape shape_;
  Strides strides_;
  std::int64_t offset_ = 0;
};

/// Copies values into a new contiguous tensor.
template <class T>
Tensor tensor_of(std::span<const T> values, const Shape& shape) {
  Tensor tensor(DtypeOf<T>::value, shape);
  if (tensor.numel() != static_cast<std::int64_t>(values.size())) {
    fail("{} values do not fill the shape {}", values.size(), to_string(shape));
  }
  std::ranges::copy(values, tensor.data<T>());
  return tensor;
}

}  // namespace bv2::engine
