// How far a model's logits may be from the reference's, with which experts.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/expert_choice.h"
#include "engine/loading/model_config.h"
#include "engine/tensor/tensor.h"

namespace bv2::test {

/// What rounding to a dtype can do to a logit, to first order (Higham 2002, section 3.1: n roundings in a
/// chain change a value by at most n u, u = eps / 2), relative to the size of the logits. A layer's chain has
/// 24: in attention the rounded weights, two in the norm, the projection, cosine and sine, three in the
/// rotation, score, scale, probability, mixed value, output weights, output, residual (15); in the MLP two in
/// the norm, weights, projections, activation, product, weights, output, residual (9). The end has 4: norm
/// (2), head weights, logit. Families with more (norms of heads and of outputs) are held to the same.
double rounding_bound(const engine::ModelConfig& config, Dtype dtype, double logits_rms);

double root_mean_square(std::span<const float> values);

/// Logits in float32 [batch, tokens, vocabulary] against the reference's. In float32: 1e-4 of the value, or
/// of
/// 1. Empty where all are within.
std::string first_logit_outside(const engine::ModelConfig& config, Dtype dtype, const engine::Tensor& found,
                                const engine::Tensor& expected);

/// A choice of experts is not continuous: where two experts are nearly equal, rounding may choose the other
/// one, and nothing bounds what follows. So models under test run the choices of the same model in float32,
/// eagerly.
class ExactExperts {
 public:
  /// Those for ids [batch, tokens]; none where the model has no experts.
  ExactExperts(const std::filesystem::path& folder, const engine::Tensor& ids);
  /// For the context of one forward of the same ids. Fails the test where the choice that it replaces is not
  /// one that rounding explains. This must outlive it.
  [[nodiscard]] ExpertWatch watch(const engine::ModelConfig& config, Dtype dtype) const;

 private:
  struct Choice {
    std::vector<float> logits;      // [rows, experts]
    std::vector<std::int64_t> ids;  // [rows, chosen]
  };
  static void replace(const ExpertChoice& found, const Choice& exact, double bound);

  std::vector<Choice> choices_;  // of each mixture
};

}  // namespace bv2::test
