// Copies between views: contiguous, copy_into, concat.
#include <cstring>

#include "engine/eager/loop_nest.h"
#include "engine/eager/operations.h"
#include "engine/parallel.h"

namespace bv2::engine::eager {
namespace {

// What a thread should copy at least; an estimate.
constexpr std::int64_t grain_bytes = 128 << 10U;
// A tile of 32 x 32 elements of 4 bytes reads and writes whole cache lines and fits L1 twice.
constexpr std::int64_t tile = 32;

struct Copy {
  LoopNest nest;  ///< operand 0: destination, operand 1: source
  std::byte* destination;
  const std::byte* source;
  std::int64_t element_bytes;
};

/// Rows whose elements lie side by side in both.
void copy_runs(const Copy& copy, std::int64_t begin, std::int64_t end) {
  RowCursor cursor(copy.nest, begin);
  const auto run_bytes = static_cast<std::size_t>(copy.nest.inner_size() * copy.element_bytes);
  for (std::int64_t row = begin; row < end; ++row, cursor.next_row()) {
    std::memcpy(copy.destination + cursor.offset(0) * copy.element_bytes,
                copy.source + cursor.offset(1) * copy.element_bytes, run_bytes);
  }
}

template <class T>
void copy_strided(const Copy& copy, std::int64_t begin, std::int64_t end) {
  auto* const destination = reinterpret_cast<T*>(copy.destination);
  const auto* const source = reinterpret_cast<const T*>(copy.source);
  const std::int64_t to_step = copy.nest.inner_stride(0);
  const std::int64_t from_step = copy.nest.inner_stride(1);
  RowCursor cursor(copy.nest, begin);
  for (std::int64_t row = begin; row < end; ++row, cursor.next_row()) {
    T* const to = destination + cursor.offset(0);
    const T* const from = source + cursor.offset(1);
    for (std::int64_t i = 0; i < copy.nest.inner_size(); ++i) to[i * to_step] = from[i * from_step];
  }
}

/// The two innermost loops of a transposition, in tiles, so that neither side strides through memory alone.
template <class T>
void copy_tiles(const Copy& copy, std::int64_t begin, std::int64_t end) {
  const LoopNest& nest = copy.nest;
  const std::size_t outer = nest.rank - 2;
  const std::size_t inner = nest.rank - 1;
  LoopNest planes = nest;  // the loops around the two
  planes.rank = nest.rank - 1;
  RowCursor cursor(planes, begin);
  for (std::int64_t plane = begin; plane < end; ++plane, cursor.next_row()) {
    T* const to = reinterpret_cast<T*>(copy.destination) + cursor.offset(0);
    const T* const from = reinterpret_cast<const T*>(copy.source) + cursor.offset(1);
    for (std::int64_t i0 = 0; i0 < nest.sizes[outer]; i0 += tile) {
      const std::int64_t i1 = std::min(i0 + tile, nest.sizes[outer]);
      for (std::int64_t j0 = 0; j0 < nest.sizes[inner]; j0 += tile) {
        const std::int64_t j1 = std::min(j0 + tile, nest.sizes[inner]);
        for (std::int64_t i = i0; i < i1; ++i)
          for (std::int64_t j = j0; j < j1; ++j)
            to[i * nest.strides[0][outer] + j * nest.strides[0][inner]] =
                from[i * nest.strides[1][outer] + j * nest.strides[1][inner]];
      }
    }
  }
}

template <class T>
void copy_elements_of(const Copy& copy) {
  const LoopNest& nest = copy.nest;
  const bool transposes = nest.rank >= 2 && nest.strides[1][nest.rank - 2] == 1 && nest.inner_size() > 1;
  const std::int64_t row_bytes = nest.inner_size() * copy.element_bytes;
  if (transposes) {
    const std::int64_t planes = nest.rows() / nest.sizes[nest.rank - 2];
    const std::int64_t grain =
        std::max<std::int64_t>(1, grain_bytes * planes / (nest.count * copy.element_bytes));
    parallel_for(planes, grain, 1,
                 [&](std::int64_t begin, std::int64_t end) { copy_tiles<T>(copy, begin, end); });
    return;
  }
  parallel_for(nest.rows(), std::max<std::int64_t>(1, grain_bytes / row_bytes), 1,
               [&](std::int64_t begin, std::int64_t end) { copy_strided<T>(copy, begin, end); });
}

void copy_one_run(const Copy& copy) {
  const std::int64_t bytes = copy.nest.inner_size() * copy.element_bytes;
  parallel_for(bytes, grain_bytes, 4096, [&](std::int64_t begin, std::int64_t end) {
    std::memcpy(copy.destination + begin, copy.source + begin, static_cast<std::size_t>(end - begin));
  });
}

}  // namespace

void copy_elements(const Tensor& destination, const Tensor& source) {
  if (destination.numel() == 0) return;
  const std::array strides{destination.strides(), source.strides()};
  const Copy copy{make_loop_nest(destination.shape(), strides), destination.raw(), source.raw(),
                  static_cast<std::int64_t>(size_bytes(destination.dtype()))};
  const LoopNest& nest = copy.nest;
  if (nest.inner_stride(0) == 1 && nest.inner_stride(1) == 1) {
    if (nest.rank == 1) return copy_one_run(copy);
    const std::int64_t grain = grain_bytes / (nest.inner_size() * copy.element_bytes);
    return parallel_for(nest.rows(), std::max<std::int64_t>(1, grain), 1,
                        [&](std::int64_t begin, std::int64_t end) { copy_runs(copy, begin, end); });
  }
  switch (copy.element_bytes) {
    case 1:
      return copy_elements_of<std::uint8_t>(copy);
    case 2:
      return copy_elements_of<std::uint16_t>(copy);
    case 4:
      return copy_elements_of<std::uint32_t>(copy);
    default:
      return copy_elements_of<std::uint64_t>(copy);
  }
}

Tensor as_contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  Tensor result(x.dtype(), x.shape());
  copy_elements(result, x);
  return result;
}

Tensor contiguous(State&, const BasicCall& call, const TensorType&) { return as_contiguous(call.inputs[0]); }

Tensor copy_into(State&, const BasicCall& call, const TensorType&) {
  copy_elements(call.inputs[0], call.inputs[1]);
  return call.inputs[0];
}

Tensor concat(State&, const BasicCall& call, const TensorType& type) {
  const std::int64_t dim = call.attributes.dims[0];
  Tensor result(type.dtype, type.shape);
  std::int64_t begin = 0;
  for (const Tensor& input : call.inputs) {
    copy_elements(result.slice(dim, begin, begin + input.size(dim)), input);
    begin += input.size(dim);
  }
  return result;
}

}  // namespace bv2::engine::eager
