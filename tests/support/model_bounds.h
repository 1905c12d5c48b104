// How far a model's logits may be from the reference's, and which tokens can be compared at all.
#pragma once

#include <string>

#include "engine/kernels/registry.h"
#include "engine/loading/model_config.h"
#include "engine/ops/experts.h"

namespace bv2::test {

/// What rounding to a dtype can do to a logit, to first order (Higham 2002, section 3.1: n roundings in a
/// chain change a value by at most n u, u = eps / 2), relative to the size of the logits. A layer's chain has
/// 24: in attention the rounded weights, two in the norm, the projection, cosine and sine, three in the
/// rotation, score, scale, probability, mixed value, output weights, output, residual (15); in the MLP two in
/// the norm, weights, projections, activation, product, weights, output, residual (9). The end has 4: norm
/// (2), head weights, logit. Families with more (norms of heads and of outputs) are held to the same.
double rounding_bound(const engine::ModelConfig& config, Dtype dtype, double logits_rms);

double root_mean_square(std::span<const float> values);

/// Logits that a token has, in float32 [batch, tokens, vocabulary], against the reference's, of the first
/// `comparable[row]` tokens of each row. In float32: 1e-4 of the value, or of 1. Empty where all are within.
std::string first_logit_outside(const engine::ModelConfig& config, Dtype dtype, const engine::Tensor& found,
                                const engine::Tensor& expected, const std::vector<std::int64_t>& comparable);

/// While it exists, every mixture of experts in a context with its kernel leaves the router's logits there,
/// then runs as it would have.
class RoutingRecorder {
 public:
  RoutingRecorder();
  /// A table that has this alone: eager mode.
  [[nodiscard]] static engine::KernelTable alone(Dtype dtype);
  /// float32 [rows, experts], one for each mixture that ran.
  [[nodiscard]] static const std::vector<engine::Tensor>& logits(engine::KernelSet& kernels);

 private:
  engine::KernelRegistration<engine::ExpertMixture> registration_;
};

/// A choice of experts is not continuous: where two experts are nearly equal, rounding may choose the other
/// one, and nothing bounds what follows. For each row the number of tokens before the first whose experts
/// differ from those in `exact` (all tokens where there are no experts). Fails the test where the experts'
/// logits were further apart than rounding explains.
std::vector<std::int64_t> tokens_with_same_experts(const engine::ModelConfig& config, Dtype dtype,
                                                   const std::vector<engine::Tensor>& exact,
                                                   const std::vector<engine::Tensor>& found,
                                                   std::int64_t batch, std::int64_t tokens);

/// What runs that routing in float32, eagerly: the router's logits of each layer for ids [batch, tokens].
std::vector<engine::Tensor> exact_router_logits(const std::filesystem::path& folder,
                                                const engine::Tensor& ids);

}  // namespace bv2::test
