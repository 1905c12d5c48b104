// The rows that nodes of a group have in common.
#include "engine/compiled/passes/rows.h"

#include <algorithm>
#include <numeric>

#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

/// The sizes that a node walks over: a reduction's input, any other's output.
const std::vector<Expression>& space_of(const Node& node) {
  return node.kind == NodeKind::reduction ? node.inputs[0].shape : node.outputs[0].shape;
}

/// Elements from the first to the last of a row.
Expression row_extent(const View& view, std::size_t rows) {
  Expression extent(1);
  for (std::size_t dim = rows; dim < view.shape.size(); ++dim)
    extent += (view.shape[dim] - 1) * view.strides[dim];
  return extent;
}

bool same_prefix(const std::vector<Expression>& a, const std::vector<Expression>& b, std::size_t count) {
  return a.size() >= count && b.size() >= count &&
         std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(count), b.begin());
}

/// Sizes at which rows that overlap do so: what lies between the rows grows with the sizes at least as much.
constexpr Sizes smallest{.batch = 2, .tokens = 2, .past = 1, .capacity = 4};

/// Whether both are the same grid of runs and no run of one reaches into another run's place: elements of the
/// two are the same only where all indices but the last are.
bool same_runs(const View& a, const View& b) {
  if (a.strides != b.strides || a.shape.size() < 2 || !same_prefix(a.shape, b.shape, a.shape.size() - 1))
    return false;
  std::int64_t run = 0;  // distance between two runs
  for (std::size_t dim = 0; dim + 1 < a.strides.size(); ++dim)
    run = std::gcd(run, a.strides[dim].at(smallest));
  for (std::size_t dim = 0; dim + 1 < a.strides.size(); ++dim)
    if (a.strides[dim].at(smallest) == 0) return false;
  const Expression distance = b.offset - a.offset;
  if (run == 0 || !a.strides.back().is_number(1) || !distance.is_number()) return false;
  const auto end = [](const View& view, std::int64_t begin) {
    return begin + view.shape.back().at(smallest);
  };
  const std::int64_t to_b = std::max<std::int64_t>(distance.value(), 0);
  const std::int64_t to_a = std::max<std::int64_t>(-distance.value(), 0);
  return end(a, to_a) <= run && end(b, to_b) <= run;
}

/// Whether row r of one view touches elements of row r of the other alone.
bool same_rows(const View& a, const View& b, std::size_t rows) {
  if (a == b || rows == 0 || same_runs(a, b)) return true;
  if (!same_prefix(a.strides, b.strides, rows) || !same_prefix(a.shape, b.shape, rows)) return false;
  std::int64_t step = 0;  // the smallest distance between two rows
  for (std::size_t dim = 0; dim < rows; ++dim) {
    const std::int64_t stride = a.strides[dim].at(smallest);
    if (stride == 0) return false;
    step = step == 0 ? stride : std::min(step, stride);
  }
  const auto begin_of = [&](const View& view) { return view.offset.at(smallest) % step; };
  const auto fits = [&](const View& view) {
    return begin_of(view) + row_extent(view, rows).at(smallest) <= step;
  };
  // Both inside of one row, counted from the same place.
  return a.offset.at(smallest) / step == b.offset.at(smallest) / step && fits(a) && fits(b);
}

View squeezed(const View& view) {
  View result{.buffer = view.buffer, .offset = view.offset};
  for (std::size_t dim = 0; dim < view.shape.size(); ++dim) {
    if (view.shape[dim].is_number(1) && dim + 1 < view.shape.size()) continue;
    result.shape.push_back(view.shape[dim]);
    result.strides.push_back(view.strides[dim]);
  }
  return result;
}

}  // namespace

std::size_t row_count(const Node& node) {
  const std::vector<Expression>& space = space_of(node);
  std::size_t rows = 0;
  for (std::size_t dim = 0; dim + 1 < space.size(); ++dim)
    if (!space[dim].is_number()) rows = dim + 1;
  return rows;
}

bool has_rows(const Node& node, std::size_t count, const std::vector<Expression>& shape) {
  const std::vector<Expression>& space = space_of(node);
  return row_count(node) == count && space.size() > count && same_prefix(space, shape, count);
}

bool keeps_rows(const Node& group, const Node& node) {
  const std::size_t rows = group.row_rank;
  bool kept = true;
  const auto compare = [&](const View& written, const View& used) {
    if (written.buffer == used.buffer && !same_rows(written, used, rows)) kept = false;
  };
  for_each_output_view(group, [&](const View& written) {
    for_each_input_view(node, [&](const View& read) { compare(written, read); });
    for_each_output_view(node, [&](const View& again) { compare(written, again); });
  });
  for_each_output_view(node, [&](const View& written) {
    for_each_input_view(group, [&](const View& read) { compare(written, read); });
  });
  return kept;
}

Node squeezed_product(const Node& product) {
  Node result = product;
  result.inputs[0] = squeezed(product.inputs[0]);
  for (View& view : result.outputs) view = squeezed(view);
  return result;
}

}  // namespace bv2::engine::compiled
