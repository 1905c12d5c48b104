// A mixture of experts: the choice, and the definition with the rows grouped by expert.
#include "engine/ops/experts.h"

#include <algorithm>
#include <numeric>

#include "engine/ops/basic.h"

namespace bv2::engine {
namespace {

/// The indices of the `count` largest values, the largest first.
std::vector<std::int64_t> largest(std::span<const float> values, std::int64_t count) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto before = [&](std::int64_t a, std::int64_t b) {
    const float value_a = values[static_cast<std::size_t>(a)];
    const float value_b = values[static_cast<std::size_t>(b)];
    return value_a != value_b ? value_a > value_b : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + count, order.end(), before);
  order.resize(static_cast<std::size_t>(count));
  return order;
}

/// The places [rows, chosen] of a routing, grouped by expert: place / chosen is the row.
std::vector<std::int64_t> places_by_expert(const Routing& routing) {
  std::vector<std::int64_t> places(routing.experts.size());
  std::iota(places.begin(), places.end(), 0);
  std::ranges::stable_sort(
      places, {}, [&](std::int64_t place) { return routing.experts[static_cast<std::size_t>(place)]; });
  return places;
}

}  // namespace

Routing ExpertMixture::route(Context& context, const Tensor& logits) const {
  const std::int64_t experts = logits.size(-1);
  const Tensor probabilities = Softmax{}.define(context, cast(context, logits, Dtype::float32));
  Routing routing{.rows = logits.numel() / experts, .chosen = chosen, .experts = {}, .weights = {}};
  for (std::int64_t row = 0; row < routing.rows; ++row) {
    const auto values = probabilities.span<float>().subspan(static_cast<std::size_t>(row * experts),
                                                            static_cast<std::size_t>(experts));
    const std::vector<std::int64_t> order = largest(values, chosen);
    float sum = 0;
    for (const std::int64_t expert : order) sum += values[static_cast<std::size_t>(expert)];
    for (const std::int64_t expert : order) {
      routing.experts.push_back(expert);
      routing.weights.push_back(values[static_cast<std::size_t>(expert)] / (normalize ? sum : 1.F));
    }
  }
  return routing;
}

Tensor ExpertMixture::define(Context& context, const Tensor& x, const ExpertWeights& weights,
                             const Tensor& residual) const {
  const std::int64_t hidden = x.size(-1);
  const Tensor rows = reshape(context, contiguous(context, x), {-1, hidden});
  const Routing routing = route(context, context.apply(Linear{}, rows, weights.router, Tensor()));
  const std::vector<std::int64_t> places = places_by_expert(routing);

  std::vector<Tensor> parts;  // of each chosen expert: the values of its rows
  std::vector<std::int64_t> part_row(places.size());
  for (std::size_t begin = 0; begin < places.size();) {
    const std::int64_t expert = routing.experts[static_cast<std::size_t>(places[begin])];
    std::vector<std::int64_t> its_rows;
    std::size_t end = begin;
    for (; end < places.size() && routing.experts[static_cast<std::size_t>(places[end])] == expert; ++end) {
      its_rows.push_back(places[end] / chosen);
      part_row[static_cast<std::size_t>(places[end])] = static_cast<std::int64_t>(end);
    }
    const auto count = static_cast<std::int64_t>(its_rows.size());
    const Tensor its_x = take_rows(context, rows, tensor_of<std::int64_t>(its_rows, {count}));
    const GatedMlpWeights& mlp = weights.experts[static_cast<std::size_t>(expert)];
    const Tensor inner = context.apply(GatedProjection{activation}, its_x, mlp.gate, mlp.up);
    parts.push_back(context.apply(Linear{}, inner, mlp.down.weight, mlp.down.bias));
    begin = end;
  }

  const Tensor values = context.execute(BasicOp::concat, parts, {.dims = {0}});
  const Tensor by_row = take_rows(context, values, tensor_of<std::int64_t>(part_row, {routing.rows, chosen}));
  const Tensor factors =
      cast(context, tensor_of<float>(routing.weights, {routing.rows, 1, chosen}), x.dtype());
  const Tensor mixed = matmul(context, factors, by_row);  // [rows, 1, hidden]
  return add(context, residual, reshape(context, mixed, x.shape()));
}

}  // namespace bv2::engine
