// Mixtures of experts beside a reference. Which experts run is not continuous in what their router sees:
// where two of them are nearly equal, rounding may choose the other one, and nothing bounds what follows. So
// a session under comparison runs the reference's choices, and its own are held against what rounding
// explains.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "framework/model_benchmark.h"
#include "framework/output_comparison.h"
#include "framework/reference.h"

namespace bv2 {

/// A session is watched for as long as this lives.
class WatchedExperts {
 public:
  WatchedExperts(Session& session, const ExpertWatch& watch) : session_(session) {
    session_.watch_experts(watch);
  }
  ~WatchedExperts() { session_.watch_experts({}); }
  WatchedExperts(const WatchedExperts&) = delete;
  WatchedExperts& operator=(const WatchedExperts&) = delete;

 private:
  Session& session_;
};

/// Keeps what the routers give and choose; `into` must outlive it.
ExpertWatch record_experts(std::vector<RouterRecord>& into);

/// How the choices compared.
struct ExpertOutcome {
  bool passed = true;
  std::string remark;                   ///< the first that was refused, in the order of running; one line
  std::int64_t choices = 0;             ///< compared: one a token and mixture, but for padding
  std::int64_t ties = 0;                ///< of these chose others, as rounding may
  double max_abs_logit_difference = 0;  ///< of a router; NaN where a logit is one
};

/// Compares the routers of one forward or generation. Each logit must be within the bound that holds for the
/// model's outputs (output_tolerance), here of the logits of this router. Experts may be others than the
/// reference's only where the reference's own logits put them at most twice that bound below the last one
/// that it chose: two logits can be moved by that against each other.
class ExpertComparison {
 public:
  /// Throws Error where no bound can be derived. What a sequence chooses after its ids have parted from the
  /// reference's in that `generation` (null: a forward) has another context and is not compared. Both must
  /// outlive it.
  ExpertComparison(const Reference& reference, Dtype dtype, std::int64_t layers,
                   const GreedyComparison* generation);
  ExpertComparison(const ExpertComparison&) = delete;
  ExpertComparison& operator=(const ExpertComparison&) = delete;

  /// Puts the reference's experts in the place of others. Empty where the reference has no routers.
  ExpertWatch watch();
  /// After a generation of so many tokens, or after a forward of the prompt (0). Throws Error where choices
  /// are missing.
  [[nodiscard]] ExpertOutcome finish(std::int64_t new_tokens) const;
  /// New tokens of the first sequence that follow from clear choices alone, such as rounding does not change:
  /// what a session that nobody watches may be held to.
  [[nodiscard]] std::int64_t clear_tokens() const;

 private:
  struct Place {
    std::int64_t sequence = 0;
    std::int64_t position = 0;
  };
  void compare(const ExpertChoice& choice);
  void compare_row(const ExpertChoice& choice, std::int64_t row, std::int64_t reference_row);
  void compare_logits(std::int64_t mixture, std::int64_t row, std::span<const float> found);
  void replace_others(std::int64_t mixture, std::int64_t row, std::span<std::int64_t> ids);
  [[nodiscard]] double last_chosen(std::int64_t mixture, std::int64_t row) const;
  [[nodiscard]] double excusable_gap(std::int64_t mixture, double logit) const;
  [[nodiscard]] bool is_clear(std::int64_t mixture, std::int64_t row) const;
  void fail_with(const std::string& what, std::int64_t mixture, std::int64_t row);
  [[nodiscard]] Place place_of(std::int64_t row) const;
  [[nodiscard]] bool is_padding(const Place& place) const;
  [[nodiscard]] bool has_parted(const Place& place) const;

  const Reference& reference_;
  const GreedyComparison* generation_;
  std::vector<OutputTolerance> tolerances_;  // of each mixture
  std::vector<std::int64_t> rows_seen_;      // likewise
  ExpertOutcome outcome_;
};

}  // namespace bv2
