// A mixture of experts: of many gated MLPs each token runs a few.
#pragma once

#include <vector>

#include "engine/ops/block.h"

namespace bv2::engine {

struct ExpertWeights {
  Tensor router;  ///< [experts, hidden]
  std::vector<GatedMlpWeights> experts;
};
template <class Visit>
void visit_tensors(const ExpertWeights& weights, const Visit& visit) {
  each_tensor(weights.router, visit);
}

/// Which experts each row runs, with what weight, and the rows grouped by expert.
struct Routing {
  struct Group {
    std::int64_t expert = 0;
    std::int64_t begin = 0;          ///< of the group's places among all groups' places
    std::vector<std::int64_t> rows;  ///< that chose the expert, ascending
  };
  std::int64_t rows = 0;
  std::int64_t chosen = 0;            ///< experts of a row
  std::vector<std::int64_t> experts;  ///< [rows, chosen], the most probable first where nobody changed it
  std::vector<float> weights;         ///< [rows, chosen]
  std::vector<Group> groups;          ///< one for each expert that a row chose, ascending
  std::vector<std::int64_t> places;   ///< [rows, chosen]: where the groups have them

  [[nodiscard]] std::int64_t place_count() const { return rows * chosen; }
};

/// residual + the sum of the chosen experts' values, each times its weight: the softmax (float32) of the
/// router's logits, of which the largest `chosen` count (Fedus et al. 2021; Jiang et al. 2024). Rows are
/// grouped by expert, so that each expert's weights are read once, and only where a row chose it.
///
/// The definition reads the router's values: tracers keep the operation as one call.
struct ExpertMixture {
  static constexpr std::string_view name = "expert_mixture";
  std::int64_t chosen = 1;
  bool normalize = false;  ///< the chosen experts' weights are made to sum to 1
  Activation activation = Activation::silu;

  /// x and residual [.., hidden].
  Tensor define(Context& context, const Tensor& x, const ExpertWeights& weights,
                const Tensor& residual) const;

  /// Of the experts, as many as the rows may have chosen.
  [[nodiscard]] std::int64_t touched_bytes(const Tensor& result, const Tensor& x,
                                           const ExpertWeights& weights, const Tensor& residual) const;

  /// The choice for rows of router logits [rows, experts], as the context's watch leaves it; of equal ones
  /// the first is taken.
  [[nodiscard]] Routing route(Context& context, const Tensor& logits) const;
  /// residual + the weighted sums of values [places, hidden], which are in the groups' order.
  static Tensor combine(Context& context, const Routing& routing, const Tensor& values,
                        const Tensor& residual);
};

}  // namespace bv2::engine
