// The five behaviours of a split.
#include "engine/tokenizer/splitting.h"

#include <algorithm>

namespace bv2::engine::tokenizer {

namespace {

struct NamedBehavior {
  std::string_view name;
  SplitBehavior behavior;
};

constexpr NamedBehavior behavior_table[] = {
    {"Removed", SplitBehavior::removed},
    {"Isolated", SplitBehavior::isolated},
    {"MergedWithPrevious", SplitBehavior::merged_with_previous},
    {"MergedWithNext", SplitBehavior::merged_with_next},
    {"Contiguous", SplitBehavior::contiguous},
};

/// Joins spans with their predecessor in the order given when `joins(is_match, previous_is_match)`.
template <class Iterator, class Joins>
std::vector<Span> join(Iterator first, Iterator last, const Joins& joins) {
  std::vector<Span> joined;
  bool previous = false;
  for (; first != last; ++first) {
    if (!joined.empty() && joins(first->is_match, previous)) {
      joined.back().begin = std::min(joined.back().begin, first->begin);
      joined.back().end = std::max(joined.back().end, first->end);
    } else {
      joined.push_back(*first);
    }
    previous = first->is_match;
  }
  return joined;
}

constexpr auto lone_match = [](bool is_match, bool previous) { return is_match && !previous; };
constexpr auto same_kind = [](bool is_match, bool previous) { return is_match == previous; };

}  // namespace

SplitBehavior split_behavior(const ConfigNode& node) {
  const std::string name = node.text();
  for (const auto& row : behavior_table) {
    if (row.name == name) return row.behavior;
  }
  node.fail("the behavior " + in_quotes(name) + " is not supported");
}

void cover(std::string_view text, const std::vector<Match>& matches, std::vector<Span>& spans) {
  std::size_t position = 0;
  for (const Match& match : matches) {
    if (position != match.begin) spans.push_back({position, match.begin, false});
    spans.push_back({match.begin, match.end, true});
    position = match.end;
  }
  if (position != text.size()) spans.push_back({position, text.size(), false});
}

void apply_behavior(std::vector<Span>& spans, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::isolated:
      return;
    case SplitBehavior::removed:
      std::erase_if(spans, [](const Span& span) { return span.is_match; });
      return;
    case SplitBehavior::contiguous:
      spans = join(spans.begin(), spans.end(), same_kind);
      return;
    case SplitBehavior::merged_with_previous:
      spans = join(spans.begin(), spans.end(), lone_match);
      return;
    case SplitBehavior::merged_with_next:
      spans = join(spans.rbegin(), spans.rend(), lone_match);
      std::reverse(spans.begin(), spans.end());
      return;
  }
}

}  // namespace bv2::engine::tokenizer
