// Mixtures of experts beside a reference.
#include "framework/expert_comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace bv2 {
namespace {

template <class T>
std::span<T> row_of(std::span<T> values, std::int64_t row, std::int64_t width) {
  return values.subspan(static_cast<std::size_t>(row * width), static_cast<std::size_t>(width));
}

/// Whether these are different ones of so many.
bool is_choice(std::span<const std::int64_t> ids, std::int64_t experts) {
  std::vector<std::int64_t> sorted(ids.begin(), ids.end());
  std::ranges::sort(sorted);
  return std::ranges::adjacent_find(sorted) == sorted.end() && sorted.front() >= 0 && sorted.back() < experts;
}

}  // namespace

ExpertWatch record_experts(std::vector<RouterRecord>& into) {
  return [&into](const ExpertChoice& choice) {
    const auto mixture = static_cast<std::size_t>(choice.mixture);
    if (mixture >= into.size()) into.resize(mixture + 1);
    RouterRecord& record = into[mixture];
    record.experts = choice.experts;
    record.chosen = choice.chosen;
    record.logits.insert(record.logits.end(), choice.logits.begin(), choice.logits.end());
    record.ids.insert(record.ids.end(), choice.ids.begin(), choice.ids.end());
  };
}

ExpertComparison::ExpertComparison(const Reference& reference, Dtype dtype, std::int64_t layers,
                                   const GreedyComparison* generation)
    : reference_(reference), generation_(generation), rows_seen_(reference.routers.size(), 0) {
  for (const RouterRecord& router : reference.routers)
    tolerances_.push_back(output_tolerance(dtype, layers, router.logits));
}

ExpertWatch ExpertComparison::watch() {
  if (reference_.routers.empty()) return {};
  return [this](const ExpertChoice& choice) { compare(choice); };
}

void ExpertComparison::compare(const ExpertChoice& choice) {
  const auto mixture = static_cast<std::size_t>(choice.mixture);
  if (mixture >= reference_.routers.size()) {
    fail("the model has more mixtures of experts than the reference, which has {}",
         reference_.routers.size());
  }
  const RouterRecord& wanted = reference_.routers[mixture];
  if (choice.experts != wanted.experts || choice.chosen != wanted.chosen) {
    fail("mixture {} chooses {} of {} experts, in the reference {} of {}", mixture, choice.chosen,
         choice.experts, wanted.chosen, wanted.experts);
  }
  const auto rows = static_cast<std::int64_t>(choice.ids.size()) / choice.chosen;
  if (rows_seen_[mixture] + rows > wanted.rows()) {
    fail("mixture {} chooses for more tokens than in the reference, {}", mixture, wanted.rows());
  }
  for (std::int64_t row = 0; row < rows; ++row) compare_row(choice, row, rows_seen_[mixture] + row);
  rows_seen_[mixture] += rows;
}

void ExpertComparison::compare_row(const ExpertChoice& choice, std::int64_t row, std::int64_t reference_row) {
  const Place place = place_of(reference_row);
  if (is_padding(place) || has_parted(place)) return;
  ++outcome_.choices;
  compare_logits(choice.mixture, reference_row, row_of(choice.logits, row, choice.experts));
  replace_others(choice.mixture, reference_row, row_of(choice.ids, row, choice.chosen));
}

void ExpertComparison::compare_logits(std::int64_t mixture, std::int64_t row, std::span<const float> found) {
  const RouterRecord& router = reference_.routers[static_cast<std::size_t>(mixture)];
  const OutputTolerance& tolerance = tolerances_[static_cast<std::size_t>(mixture)];
  const auto wanted = row_of(std::span(router.logits), row, router.experts);
  for (std::size_t expert = 0; expert < found.size(); ++expert) {
    const double difference =
        std::abs(static_cast<double>(found[expert]) - static_cast<double>(wanted[expert]));
    double& largest = outcome_.max_abs_logit_difference;
    if (!std::isnan(largest) && !(difference <= largest)) largest = difference;
    if (tolerance.accepts(found[expert], wanted[expert])) continue;
    fail_with(fmt::format("the router's logit of expert {} is {:.7g}, the reference {:.7g} (allowed {:.3g})",
                          expert, found[expert], wanted[expert], tolerance.absolute),
              mixture, row);
  }
}

void ExpertComparison::replace_others(std::int64_t mixture, std::int64_t row, std::span<std::int64_t> ids) {
  const RouterRecord& router = reference_.routers[static_cast<std::size_t>(mixture)];
  const auto wanted = row_of(std::span(router.ids), row, router.chosen);
  // The same ones in the session's own order stay, for the sake of its last bits.
  if (std::ranges::is_permutation(ids, wanted)) return;
  if (!is_choice(ids, router.experts)) {
    fail_with(fmt::format("the chosen experts are not {} of {}", ids.size(), router.experts), mixture, row);
  } else {
    const double last = last_chosen(mixture, row);
    const double gap = excusable_gap(mixture, last);
    const auto logits = row_of(std::span(router.logits), row, router.experts);
    for (const std::int64_t id : ids) {
      const double below = last - logits[static_cast<std::size_t>(id)];
      if (below <= gap) continue;
      fail_with(fmt::format("expert {} was chosen, which the reference puts {:.3g} below its last one "
                            "(allowed {:.3g})",
                            id, below, gap),
                mixture, row);
    }
    ++outcome_.ties;
  }
  std::ranges::copy(wanted, ids.begin());
}

/// The logit of the least probable expert that the reference chose.
double ExpertComparison::last_chosen(std::int64_t mixture, std::int64_t row) const {
  const RouterRecord& router = reference_.routers[static_cast<std::size_t>(mixture)];
  const auto logits = row_of(std::span(router.logits), row, router.experts);
  double last = std::numeric_limits<double>::infinity();
  for (const std::int64_t id : row_of(std::span(router.ids), row, router.chosen))
    last = std::min<double>(last, logits[static_cast<std::size_t>(id)]);
  return last;
}

/// How far rounding may move two logits of about that size against each other.
double ExpertComparison::excusable_gap(std::int64_t mixture, double logit) const {
  const OutputTolerance& tolerance = tolerances_[static_cast<std::size_t>(mixture)];
  return 2 * std::max(tolerance.absolute, tolerance.relative * std::abs(logit));
}

bool ExpertComparison::is_clear(std::int64_t mixture, std::int64_t row) const {
  const RouterRecord& router = reference_.routers[static_cast<std::size_t>(mixture)];
  const double last = last_chosen(mixture, row);
  const auto near_last =
      std::ranges::count_if(row_of(std::span(router.logits), row, router.experts),
                            [&](float logit) { return last - logit <= excusable_gap(mixture, last); });
  return near_last == router.chosen;
}

void ExpertComparison::fail_with(const std::string& what, std::int64_t mixture, std::int64_t row) {
  if (outcome_.passed) {
    const Place place = place_of(row);
    outcome_.remark = fmt::format("{} in mixture {}, position {} of sequence {}", what, mixture,
                                  place.position, place.sequence);
  }
  outcome_.passed = false;
}

ExpertComparison::Place ExpertComparison::place_of(std::int64_t row) const {
  const PromptIds& input = reference_.input;
  const std::int64_t after_prompt = row - input.batch * input.tokens;
  if (after_prompt < 0) return {.sequence = row / input.tokens, .position = row % input.tokens};
  return {.sequence = after_prompt % input.batch, .position = input.tokens + after_prompt / input.batch};
}

bool ExpertComparison::is_padding(const Place& place) const {
  const auto& padding = reference_.input.padding;
  return !padding.empty() && place.position < padding[static_cast<std::size_t>(place.sequence)];
}

bool ExpertComparison::has_parted(const Place& place) const {
  return generation_ != nullptr && generation_->has_parted(place.sequence);
}

ExpertOutcome ExpertComparison::finish(std::int64_t new_tokens) const {
  const PromptIds& input = reference_.input;
  const std::int64_t rows = input.batch * (input.tokens + std::max<std::int64_t>(new_tokens, 1) - 1);
  const auto short_of_rows = std::ranges::find_if_not(rows_seen_, [&](auto seen) { return seen == rows; });
  if (short_of_rows != rows_seen_.end()) {
    fail("mixture {} showed {} choices of experts instead of {}", short_of_rows - rows_seen_.begin(),
         *short_of_rows, rows);
  }
  return outcome_;
}

std::int64_t ExpertComparison::clear_tokens() const {
  std::int64_t first_unclear = reference_.input.tokens + reference_.new_tokens;  // a position
  for (std::size_t mixture = 0; mixture < reference_.routers.size(); ++mixture) {
    for (std::int64_t row = 0; row < reference_.routers[mixture].rows(); ++row) {
      const Place place = place_of(row);
      if (place.sequence != 0 || place.position >= first_unclear || is_padding(place)) continue;
      if (!is_clear(static_cast<std::int64_t>(mixture), row)) first_unclear = place.position;
    }
  }
  // The first new token follows from the prompt's last position.
  return std::clamp<std::int64_t>(first_unclear - reference_.input.tokens + 1, 0, reference_.new_tokens);
}

}  // namespace bv2
