// How far outputs may be from a reference, and the comparison of a greedy generation with one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "framework/model_benchmark.h"
#include "framework/reference.h"

namespace bv2 {

/// By how much an output may differ from its reference: by `absolute`, or by `relative` times the reference.
struct OutputTolerance {
  double absolute = 0;
  double relative = 0;
  /// False for anything that is not a number.
  [[nodiscard]] bool accepts(double value, double reference) const;
};

/// float32: 1e-4 of either kind, thousands of times the rounding of a sum of a few thousand terms.
///
/// For the shorter dtypes the bound follows from the roundings that lie between the prompt and an output.
/// Each is an error of at most half an epsilon, relative and independent of the others, so that their
/// variances add. A layer adds two blocks to the residual stream; a block (norm, projections with rounded
/// weights, rotary and attention, or activation and product) has about 16 rounded results one after another,
/// where each basic operation rounds its own. An output of an L-layer model is then off by a normal error of
///   epsilon / 2 * sqrt(16 * (2 L + 1)) * rms(outputs)
/// and the largest of N such errors is expected below sqrt(2 ln N) of these. Throws Error for 0 layers.
OutputTolerance output_tolerance(Dtype dtype, std::int64_t layers, std::span<const float> reference);

/// The largest Kullback-Leibler divergence (nats) that logits within a tolerance can have from their
/// reference: the logarithms of the probabilities then differ by values in a range of twice the largest
/// difference b, and the divergence is at most that range squared over 8 (Hoeffding's lemma), b^2 / 2.
double kl_divergence_bound(const OutputTolerance& tolerance, std::span<const float> reference);

/// Of the distribution that `found` logits give from that of the `reference` logits, in nats.
double kl_divergence(std::span<const float> reference, std::span<const float> found);

/// How the outputs of all positions compared.
struct OutputsOutcome {
  bool passed = true;
  std::string remark;             ///< the worst that was refused
  double max_abs_difference = 0;  ///< NaN where an output is one
  double max_rel_difference = 0;
};

/// Compares logits or hidden states [batch, tokens, width]. What stands at padding is left out. Throws Error
/// for another shape.
OutputsOutcome compare_outputs(std::span<const float> found, std::int64_t width, const Reference& reference,
                               const OutputTolerance& tolerance);

/// The outputs of a reference but for those at padding.
std::vector<float> own_outputs(const Reference& reference);

/// How a generation compared.
struct GreedyOutcome {
  bool passed = true;
  std::string remark;           ///< why not, or why a divergent token is none of its fault; one line
  std::int64_t new_tokens = 0;  ///< compared, a sequence
  std::optional<std::int64_t> first_divergent_token;  ///< index in the continuation, from 0; missing: none
  std::optional<double> max_abs_logit_difference;     ///< missing where the reference has no step logits
  std::optional<double> max_kl_divergence;            ///< of one new token's distribution, likewise
};

/// Compares ids as they come, and the logits that they were chosen from where the reference has those. A
/// sequence may part from the reference where its own logits put the two candidates at most `excusable_gap`
/// apart; its later ids and logits have another context and are not compared. The reference must outlive it.
class GreedyComparison final : public TokenSink {
 public:
  GreedyComparison(const Reference& reference, const OutputTolerance& tolerance, double excusable_gap);

  [[nodiscard]] bool wants_logits() const override {
    return excusable_gap_ > 0 || !reference_.step_logits.empty();
  }
  void on_logits(std::span<const float> logits) override;
  void on_tokens(std::span<const std::int64_t> ids) override;
  /// Whether the ids of a sequence have been others than the reference's.
  [[nodiscard]] bool has_parted(std::int64_t sequence) const {
    return parted_[static_cast<std::size_t>(sequence)];
  }
  /// Throws Error where tokens are missing or too many.
  GreedyOutcome finish();

 private:
  void compare_logits(std::size_t row, std::span<const float> found);
  void part(std::size_t row, std::int64_t found, std::int64_t wanted);
  void fail_with(const std::string& what);
  [[nodiscard]] std::optional<double> logit_gap(std::size_t row, std::int64_t found,
                                                std::int64_t wanted) const;

  const Reference& reference_;
  OutputTolerance tolerance_;
  double excusable_gap_;
  double kl_bound_ = 0;
  GreedyOutcome outcome_;
  std::vector<bool> parted_;
  std::vector<float> logits_;  // [batch, vocabulary] of the step
  std::int64_t tokens_ = 0;
};

/// The tokens that the first sequence of a generation may choose where nobody looks at its logits: those of
/// the reference, up to one that the reference's own logits put at most `excusable_gap` below. What comes
/// after such a tie has another context and is not compared.
class ChosenTokens {
 public:
  /// The first `tokens` are compared; nothing of a reference without step logits. It need not outlive this.
  ChosenTokens(const Reference& reference, double excusable_gap, std::int64_t tokens);
  /// What is wrong with the ids of a generation, which may be longer or shorter; one line.
  [[nodiscard]] std::optional<std::string> fault(std::span<const std::int64_t> ids) const;

 private:
  struct Step {
    std::int64_t wanted = 0;
    std::vector<std::int64_t> ties;  // sorted
  };
  std::vector<Step> steps_;
};

}  // namespace bv2
