// A mixture of experts: the choice, and the definition with the rows grouped by expert.
#include "engine/ops/experts.h"

#include <algorithm>
#include <map>
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

/// Appends the weights of a row's experts, of the probabilities of all.
void add_weights(Routing& routing, std::int64_t row, std::span<const float> probabilities, bool normalize) {
  const auto chosen = static_cast<std::size_t>(routing.chosen);
  const auto experts = std::span(routing.experts).subspan(static_cast<std::size_t>(row) * chosen, chosen);
  float sum = 0;
  for (const std::int64_t expert : experts) sum += probabilities[static_cast<std::size_t>(expert)];
  for (const std::int64_t expert : experts)
    routing.weights.push_back(probabilities[static_cast<std::size_t>(expert)] / (normalize ? sum : 1.F));
}

void group_by_expert(Routing& routing) {
  std::map<std::int64_t, Routing::Group> by_expert;
  for (std::int64_t place = 0; place < routing.place_count(); ++place) {
    Routing::Group& group = by_expert[routing.experts[static_cast<std::size_t>(place)]];
    group.rows.push_back(place / routing.chosen);
  }
  std::int64_t begin = 0;
  for (auto& [expert, group] : by_expert) {
    group.expert = expert;
    group.begin = begin;
    begin += static_cast<std::int64_t>(group.rows.size());
    routing.groups.push_back(group);
  }
  std::map<std::int64_t, std::int64_t> next;  // place of an expert's next row
  for (const Routing::Group& group : routing.groups) next[group.expert] = group.begin;
  for (const std::int64_t expert : routing.experts) routing.places.push_back(next[expert]++);
}

}  // namespace

Routing ExpertMixture::route(Context& context, const Tensor& logits) const {
  const Tensor exact_logits = contiguous(context, cast(context, logits, Dtype::float32));
  const Tensor probabilities = Softmax{}.define(context, exact_logits);
  const std::int64_t experts = logits.size(-1);
  Routing routing{.rows = logits.numel() / experts,
                  .chosen = chosen,
                  .experts = {},
                  .weights = {},
                  .groups = {},
                  .places = {}};
  const auto values_of = [&](std::int64_t row) {
    return probabilities.span<float>().subspan(static_cast<std::size_t>(row * experts),
                                               static_cast<std::size_t>(experts));
  };
  for (std::int64_t row = 0; row < routing.rows; ++row) {
    const std::vector<std::int64_t> best = largest(values_of(row), chosen);
    routing.experts.insert(routing.experts.end(), best.begin(), best.end());
  }
  if (context.expert_watch()) {
    context.expert_watch()(
        {.experts = experts, .chosen = chosen, .logits = exact_logits.span<float>(), .ids = routing.experts});
  }
  for (std::int64_t row = 0; row < routing.rows; ++row) add_weights(routing, row, values_of(row), normalize);
  group_by_expert(routing);
  return routing;
}

Tensor ExpertMixture::combine(Context& context, const Routing& routing, const Tensor& values,
                              const Tensor& residual) {
  const Tensor places = tensor_of<std::int64_t>(routing.places, {routing.rows, routing.chosen});
  const Tensor by_row = take_rows(context, values, places);  // [rows, chosen, hidden]
  const Tensor factors = tensor_of<float>(routing.weights, {routing.rows, 1, routing.chosen});
  const Tensor mixed = matmul(context, cast(context, factors, values.dtype()), by_row);
  return add(context, residual, reshape(context, mixed, residual.shape()));
}

std::int64_t ExpertMixture::touched_bytes(const Tensor& result, const Tensor& x, const ExpertWeights& weights,
                                          const Tensor& residual) const {
  std::int64_t bytes = engine::touched_bytes(result) + engine::touched_bytes(x) +
                       engine::touched_bytes(residual) + engine::touched_bytes(weights.router);
  const auto all = static_cast<std::int64_t>(weights.experts.size());
  const std::int64_t read = std::min(all, x.numel() / x.size(-1) * chosen);
  for (const LinearWeights& linear :
       {weights.experts[0].gate, weights.experts[0].up, weights.experts[0].down}) {
    bytes += read * (engine::touched_bytes(linear.weight) + engine::touched_bytes(linear.bias));
  }
  return bytes;
}

Tensor ExpertMixture::define(Context& context, const Tensor& x, const ExpertWeights& weights,
                             const Tensor& residual) const {
  const std::int64_t hidden = x.size(-1);
  const Tensor rows = reshape(context, contiguous(context, x), {-1, hidden});
  const Routing routing = route(context, context.apply(Linear{}, rows, weights.router, Tensor()));
  std::vector<Tensor> parts;
  for (const Routing::Group& group : routing.groups) {
    const GatedMlpWeights& mlp = weights.experts[static_cast<std::size_t>(group.expert)];
    const auto count = static_cast<std::int64_t>(group.rows.size());
    const Tensor group_x = take_rows(context, rows, tensor_of<std::int64_t>(group.rows, {count}));
    const Tensor inner = context.apply(GatedProjection{activation}, group_x, mlp.gate, mlp.up);
    parts.push_back(context.apply(Linear{}, inner, mlp.down.weight, mlp.down.bias));
  }
  return combine(context, routing, context.execute(BasicOp::concat, parts, {.dims = {0}}), residual);
}

}  // namespace bv2::engine
