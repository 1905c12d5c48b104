// Packing weights into panels of 64 outputs.
#include "engine/kernels/panels.h"

#include <algorithm>
#include <cstring>

#include "engine/parallel.h"

namespace bv2::engine {
namespace {

constexpr std::int64_t panel_outputs = PanelMatrix::panel_outputs;

std::int64_t rounded_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Values that lie together along the depth before the next output's.
std::int64_t interleaved(Dtype dtype) { return dtype == Dtype::bfloat16 ? 2 : 1; }

PanelMatrix described(const Tensor& weight, const std::byte* data) {
  return {.data = data, .dtype = weight.dtype(), .outputs = weight.size(0), .depth = weight.size(1)};
}

/// Where element (output, k) of a panel is.
std::int64_t index_in_panel(std::int64_t output, std::int64_t k, std::int64_t pair) {
  return (k / pair * panel_outputs + output) * pair + k % pair;
}

template <class Bits>
void pack_panel(const Tensor& weight, std::int64_t panel, std::int64_t padded_depth, Bits* to) {
  const auto* from = reinterpret_cast<const Bits*>(weight.raw());
  const std::int64_t pair = interleaved(weight.dtype());
  const std::int64_t first = panel * panel_outputs;
  const std::int64_t count = std::min(panel_outputs, weight.size(0) - first);
  const std::int64_t depth = weight.size(1);
  if (count < panel_outputs || depth < padded_depth) std::fill_n(to, padded_depth * panel_outputs, Bits{});
  // Blocks of the depth keep the reads of 64 rows and the writes within the first cache.
  constexpr std::int64_t block = 32;
  for (std::int64_t begin = 0; begin < depth; begin += block) {
    const std::int64_t end = std::min(depth, begin + block);
    for (std::int64_t output = 0; output < count; ++output) {
      const Bits* row = from + (first + output) * weight.strides()[0];
      for (std::int64_t k = begin; k < end; ++k)
        to[index_in_panel(output, k, pair)] = row[k * weight.strides()[1]];
    }
  }
}

template <class Bits>
void pack_all(const Tensor& weight, std::int64_t begin, std::int64_t end, std::byte* panels) {
  const PanelMatrix matrix = described(weight, panels);
  in_parallel(end - begin, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t panel = begin + first; panel < begin + last; ++panel) {
      auto* to = reinterpret_cast<Bits*>(panels + static_cast<std::size_t>(panel) * matrix.panel_bytes());
      pack_panel<Bits>(weight, panel, matrix.padded_depth(), to);
    }
  });
}

template <class Bits>
void copy_bits(const PanelMatrix& matrix, std::int64_t output, std::byte* to) {
  const std::int64_t pair = interleaved(matrix.dtype);
  const auto* panel = reinterpret_cast<const Bits*>(matrix.panel(output / panel_outputs));
  auto* row = reinterpret_cast<Bits*>(to);
  for (std::int64_t k = 0; k < matrix.depth; ++k)
    row[k] = panel[index_in_panel(output % panel_outputs, k, pair)];
}

}  // namespace

std::int64_t depth_multiple(Dtype dtype) {
  if (dtype == Dtype::float32) return 16;
  return dtype == Dtype::bfloat16 ? 32 : 1;
}

std::int64_t PanelMatrix::padded_depth() const { return rounded_up(depth, depth_multiple(dtype)); }

std::size_t PanelMatrix::panel_bytes() const {
  return static_cast<std::size_t>(padded_depth() * panel_outputs) * bv2::size_bytes(dtype);
}

std::size_t packed_size_bytes(const Tensor& weight) { return described(weight, nullptr).size_bytes(); }

void pack_panels(const Tensor& weight, std::int64_t begin, std::int64_t end, std::byte* panels) {
  if (size_bytes(weight.dtype()) == sizeof(std::uint32_t))
    pack_all<std::uint32_t>(weight, begin, end, panels);
  else
    pack_all<std::uint16_t>(weight, begin, end, panels);
}

Tensor packed(const Tensor& weight) {
  auto storage = std::make_shared<Storage>(packed_size_bytes(weight), Layout::panels);
  pack_panels(weight, 0, described(weight, nullptr).panels(), storage->data());
  return {std::move(storage), weight.dtype(), weight.shape(), contiguous_strides(weight.shape()), 0};
}

Tensor unpacked(const Tensor& weight) {
  const PanelMatrix matrix = panels_of(weight);
  Tensor plain(weight.dtype(), weight.shape());
  const std::size_t row_bytes = static_cast<std::size_t>(matrix.depth) * size_bytes(matrix.dtype);
  for (std::int64_t output = 0; output < matrix.outputs; ++output) {
    copy_output(matrix, output, plain.raw() + static_cast<std::size_t>(output) * row_bytes);
  }
  return plain;
}

void copy_output(const PanelMatrix& matrix, std::int64_t output, std::byte* to) {
  if (size_bytes(matrix.dtype) == sizeof(std::uint32_t))
    copy_bits<std::uint32_t>(matrix, output, to);
  else
    copy_bits<std::uint16_t>(matrix, output, to);
}

PanelMatrix panels_of(const Tensor& weight) {
  if (weight.is_plain()) fail("a plain weight {} was read as a packed one", to_string(weight.shape()));
  const auto offset_bytes = static_cast<std::size_t>(weight.offset()) * size_bytes(weight.dtype());
  return described(weight, weight.storage()->data() + offset_bytes);
}

}  // namespace bv2::engine
