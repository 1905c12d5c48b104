// Packs a model's weights for the kernels, once.
#include "engine/kernels/weight_packing.h"

#include <algorithm>
#include <vector>

#include "engine/kernels/panels.h"

namespace bv2::engine {
namespace {

/// One matrix and all the places that hold it (a tied embedding and head are two).
struct Matrix {
  std::vector<Tensor*> places;
  std::size_t offset_bytes = 0;  // in the packed block
};

bool same_memory(const Tensor& a, const Tensor& b) {
  return a.storage() == b.storage() && a.offset() == b.offset() && a.shape() == b.shape() &&
         a.strides() == b.strides() && a.dtype() == b.dtype();
}

std::vector<Matrix> plain_matrices(Model& model) {
  std::vector<Matrix> matrices;
  model.visit_matrices([&](Tensor& tensor) {
    if (!tensor.defined() || !tensor.is_plain()) return;
    const auto known = std::ranges::find_if(
        matrices, [&](const Matrix& matrix) { return same_memory(*matrix.places.front(), tensor); });
    if (known != matrices.end())
      known->places.push_back(&tensor);
    else
      matrices.push_back({.places = {&tensor}});
  });
  return matrices;
}

/// Packs a slice of panels at a time and gives back the plain rows that they came from where nobody else
/// holds them.
void move_into(const Matrix& matrix, bool sole_owner, std::byte* to) {
  const Tensor& weight = *matrix.places.front();
  const PanelMatrix panels{.dtype = weight.dtype(), .outputs = weight.size(0), .depth = weight.size(1)};
  constexpr std::size_t slice_bytes = std::size_t{16} << 20U;
  const auto step = static_cast<std::int64_t>(std::max<std::size_t>(1, slice_bytes / panels.panel_bytes()));
  const auto row_bytes = static_cast<std::size_t>(weight.size(1)) * size_bytes(weight.dtype());
  const auto rows = [&](std::int64_t panel) {
    return static_cast<std::size_t>(std::min(panel * PanelMatrix::panel_outputs, weight.size(0)));
  };
  for (std::int64_t panel = 0; panel < panels.panels(); panel += step) {
    const std::int64_t end = std::min(panels.panels(), panel + step);
    pack_panels(weight, panel, end, to);
    if (!sole_owner || !weight.is_contiguous()) continue;
    const auto start = static_cast<std::size_t>(weight.offset()) * size_bytes(weight.dtype());
    weight.storage()->discard(start + rows(panel) * row_bytes, start + rows(end) * row_bytes);
  }
}

constexpr std::size_t alignment_bytes = 4096;

}  // namespace

PackingReport pack_weights(Model& model) {
  std::vector<Matrix> matrices = plain_matrices(model);
  PackingReport report;
  for (Matrix& matrix : matrices) {
    matrix.offset_bytes = report.packed_bytes;
    const std::size_t size = packed_size_bytes(*matrix.places.front());
    report.packed_bytes += (size + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
  }
  if (matrices.empty()) return report;
  const auto block = std::make_shared<Storage>(report.packed_bytes, Layout::panels);
  std::vector<std::weak_ptr<Storage>> plain;
  for (const Matrix& matrix : matrices) {
    const Tensor weight = *matrix.places.front();
    const bool sole_owner = weight.storage().use_count() == static_cast<long>(matrix.places.size()) + 1;
    plain.push_back(weight.storage());
    move_into(matrix, sole_owner, block->data() + matrix.offset_bytes);
    const auto offset = static_cast<std::int64_t>(matrix.offset_bytes / size_bytes(weight.dtype()));
    for (Tensor* place : matrix.places) {
      *place = Tensor(block, weight.dtype(), weight.shape(), contiguous_strides(weight.shape()), offset);
    }
  }
  for (const auto& left : plain) {
    if (const auto storage = left.lock()) report.second_copy_bytes += storage->size_bytes();
  }
  return report;
}

}  // namespace bv2::engine
