// How far outputs may be from a reference, and the comparison of a greedy generation with one.
#include "framework/output_comparison.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace bv2 {
namespace {

/// The larger, or whichever is not a number.
double worse(double a, double b) { return std::isnan(a) || a >= b ? a : b; }

/// Where in [batch, tokens, width] an index is, for people.
std::string place(const Reference& reference, std::size_t index) {
  const auto width = static_cast<std::size_t>(reference.outputs.width);
  const auto tokens = static_cast<std::size_t>(reference.input.tokens);
  return fmt::format("[{}, {}, {}]", index / width / tokens, index / width % tokens, index % width);
}

/// Calls `visit` with the index of each output that is not at padding.
template <class Visit>
void for_own_outputs(const Reference& reference, Visit&& visit) {
  const PromptIds& input = reference.input;
  const auto width = static_cast<std::size_t>(reference.outputs.width);
  for (std::int64_t row = 0; row < input.batch; ++row) {
    const std::int64_t padding = input.padding.empty() ? 0 : input.padding[static_cast<std::size_t>(row)];
    const std::size_t begin = static_cast<std::size_t>(row * input.tokens + padding) * width;
    const std::size_t end = static_cast<std::size_t>((row + 1) * input.tokens) * width;
    for (std::size_t i = begin; i < end; ++i) visit(i);
  }
}

double log_sum_exp(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

}  // namespace

bool OutputTolerance::accepts(double value, double reference) const {
  const double difference = std::abs(value - reference);
  return difference <= absolute || difference <= relative * std::abs(reference);
}

OutputTolerance output_tolerance(Dtype dtype, std::int64_t layers, std::span<const float> reference) {
  if (dtype == Dtype::float32) return {.absolute = 1e-4, .relative = 1e-4};
  if (layers <= 0) {
    fail(
        "the model does not say how many layers it has, from which the bound for {} follows; verify in "
        "float32",
        name(dtype));
  }
  constexpr double rounded_results_per_block = 16;
  const auto blocks = static_cast<double>(2 * layers + 1);
  double squares = 0;
  for (const float value : reference) squares += static_cast<double>(value) * static_cast<double>(value);
  const auto count = static_cast<double>(std::max<std::size_t>(reference.size(), 2));
  const double rms = std::sqrt(squares / count);
  return {.absolute = info(dtype).epsilon / 2 * std::sqrt(rounded_results_per_block * blocks) * rms *
                      std::sqrt(2 * std::log(count)),
          .relative = 0};
}

double kl_divergence_bound(const OutputTolerance& tolerance, std::span<const float> reference) {
  double largest = 0;
  for (const float value : reference) largest = std::max(largest, std::abs(static_cast<double>(value)));
  const double difference = std::max(tolerance.absolute, tolerance.relative * largest);
  return difference * difference / 2;
}

double kl_divergence(std::span<const float> reference, std::span<const float> found) {
  const double reference_sum = log_sum_exp(reference);
  const double found_sum = log_sum_exp(found);
  double divergence = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double log_wanted = static_cast<double>(reference[i]) - reference_sum;
    const double log_found = static_cast<double>(found[i]) - found_sum;
    divergence += std::exp(log_wanted) * (log_wanted - log_found);
  }
  // Rounding may leave less than nothing of two equal distributions.
  return divergence < 0 ? 0 : divergence;
}

OutputsOutcome compare_outputs(std::span<const float> found, std::int64_t width, const Reference& reference,
                               const OutputTolerance& tolerance) {
  const ForwardOutput& expected = reference.outputs;
  if (width != expected.width || found.size() != expected.values.size()) {
    fail("the model gives {} of width {} ({} values), the reference has width {} ({} values)",
         reference.outputs_name, width, found.size(), expected.width, expected.values.size());
  }
  OutputsOutcome outcome;
  std::optional<std::size_t> worst;
  for_own_outputs(reference, [&](std::size_t i) {
    const double value = found[i];
    const double wanted = expected.values[i];
    const double difference = std::abs(value - wanted);
    const bool larger = !(difference <= outcome.max_abs_difference);  // true for NaN, which then stays
    outcome.max_abs_difference = worse(outcome.max_abs_difference, difference);
    if (wanted != 0) {
      outcome.max_rel_difference = worse(outcome.max_rel_difference, difference / std::abs(wanted));
    }
    if (!tolerance.accepts(value, wanted) && (!worst || larger)) worst = i;
  });
  if (!worst) return outcome;
  outcome.passed = false;
  outcome.remark = fmt::format("{}{} is {:.7g}, the reference {:.7g}", reference.outputs_name,
                               place(reference, *worst), found[*worst], expected.values[*worst]);
  return outcome;
}

std::vector<float> own_outputs(const Reference& reference) {
  std::vector<float> own;
  for_own_outputs(reference, [&](std::size_t i) { own.push_back(reference.outputs.values[i]); });
  return own;
}

GreedyComparison::GreedyComparison(const Reference& reference, const OutputTolerance& tolerance,
                                   double excusable_gap)
    : reference_(reference),
      tolerance_(tolerance),
      excusable_gap_(excusable_gap),
      kl_bound_(kl_divergence_bound(tolerance, reference.step_logits)),
      parted_(static_cast<std::size_t>(reference.input.batch), false) {}

void GreedyComparison::on_logits(std::span<const float> logits) {
  logits_.assign(logits.begin(), logits.end());
  if (reference_.step_logits.empty() || tokens_ >= reference_.new_tokens) return;
  const auto width = static_cast<std::size_t>(reference_.vocabulary());
  if (logits.size() != parted_.size() * width) {
    fail("the model gives {} logits for {} sequences, the reference has {} for each", logits.size(),
         parted_.size(), width);
  }
  for (std::size_t row = 0; row < parted_.size(); ++row) {
    if (!parted_[row]) compare_logits(row, logits.subspan(row * width, width));
  }
}

void GreedyComparison::compare_logits(std::size_t row, std::span<const float> found) {
  const std::size_t step =
      row * static_cast<std::size_t>(reference_.new_tokens) + static_cast<std::size_t>(tokens_);
  const std::span<const float> wanted =
      std::span(reference_.step_logits).subspan(step * found.size(), found.size());
  double largest = 0;
  std::optional<std::size_t> refused;
  for (std::size_t id = 0; id < found.size(); ++id) {
    const double difference = std::abs(static_cast<double>(found[id]) - static_cast<double>(wanted[id]));
    largest = worse(largest, difference);
    if (!refused && !tolerance_.accepts(found[id], wanted[id])) refused = id;
  }
  const double divergence = kl_divergence(wanted, found);
  outcome_.max_abs_logit_difference = worse(outcome_.max_abs_logit_difference.value_or(0), largest);
  outcome_.max_kl_divergence = worse(outcome_.max_kl_divergence.value_or(0), divergence);
  if (refused) {
    fail_with(
        fmt::format("the logit of token id {} is {:.7g}, the reference {:.7g} (new token {}, sequence {}; "
                    "allowed {:.3g})",
                    *refused, found[*refused], wanted[*refused], tokens_, row, tolerance_.absolute));
  } else if (!(divergence <= kl_bound_)) {
    fail_with(
        fmt::format("the distribution of new token {} of sequence {} is {:.3g} nats from the reference "
                    "(allowed {:.3g})",
                    tokens_, row, divergence, kl_bound_));
  }
}

void GreedyComparison::on_tokens(std::span<const std::int64_t> ids) {
  if (ids.size() != parted_.size()) {
    fail("the model gave {} ids at once for {} sequences", ids.size(), parted_.size());
  }
  for (std::size_t row = 0; row < ids.size() && tokens_ < reference_.new_tokens; ++row) {
    const auto at = static_cast<std::int64_t>(row) * reference_.new_tokens + tokens_;
    const std::int64_t wanted = reference_.generated_ids[static_cast<std::size_t>(at)];
    if (!parted_[row] && ids[row] != wanted) part(row, ids[row], wanted);
  }
  ++tokens_;
}

GreedyOutcome GreedyComparison::finish() {
  if (tokens_ != reference_.new_tokens) {
    fail("the model generated {} tokens where {} were asked for", tokens_, reference_.new_tokens);
  }
  outcome_.new_tokens = tokens_;
  return outcome_;
}

void GreedyComparison::part(std::size_t row, std::int64_t found, std::int64_t wanted) {
  parted_[row] = true;
  if (!outcome_.first_divergent_token) outcome_.first_divergent_token = tokens_;
  const std::optional<double> gap = logit_gap(row, found, wanted);
  const std::string what =
      fmt::format("token {} of sequence {} is {}, the reference {}", tokens_, row, found, wanted);
  if (!gap || *gap > excusable_gap_) return fail_with(what);
  if (outcome_.remark.empty()) {
    outcome_.remark = fmt::format("{} (logits {:.2g} apart: a tie in this dtype)", what, *gap);
  }
}

/// The first failure is told; a tie before it is not.
void GreedyComparison::fail_with(const std::string& what) {
  if (outcome_.passed) outcome_.remark = what;
  outcome_.passed = false;
}

/// How far the session's logits put its choice above the reference's.
std::optional<double> GreedyComparison::logit_gap(std::size_t row, std::int64_t found,
                                                  std::int64_t wanted) const {
  const std::size_t width = logits_.size() / parted_.size();
  const auto outside = [&](std::int64_t id) { return id < 0 || static_cast<std::size_t>(id) >= width; };
  if (outside(found) || outside(wanted)) return std::nullopt;
  const float* own = logits_.data() + row * width;
  const double gap = static_cast<double>(own[found]) - static_cast<double>(own[wanted]);
  return std::isfinite(gap) ? std::optional(gap) : std::nullopt;
}

ChosenTokens::ChosenTokens(const Reference& reference, double excusable_gap, std::int64_t tokens) {
  if (reference.step_logits.empty()) return;
  const auto width = static_cast<std::size_t>(reference.vocabulary());
  for (std::int64_t token = 0; token < tokens; ++token) {
    const std::span<const float> logits =
        std::span(reference.step_logits).subspan(static_cast<std::size_t>(token) * width, width);
    Step& step = steps_.emplace_back();
    step.wanted = reference.generated_ids[static_cast<std::size_t>(token)];
    const double least = static_cast<double>(logits[static_cast<std::size_t>(step.wanted)]) - excusable_gap;
    for (std::size_t id = 0; id < width; ++id) {
      if (static_cast<double>(logits[id]) >= least) step.ties.push_back(static_cast<std::int64_t>(id));
    }
  }
}

std::optional<std::string> ChosenTokens::fault(std::span<const std::int64_t> ids) const {
  for (std::size_t token = 0; token < std::min(ids.size(), steps_.size()); ++token) {
    const Step& step = steps_[token];
    if (ids[token] == step.wanted) continue;
    if (std::ranges::binary_search(step.ties, ids[token])) return std::nullopt;
    return fmt::format("token {} of sequence 0 is {}, the reference {}", token, ids[token], step.wanted);
  }
  return std::nullopt;
}

}  // namespace bv2
