// Merging: by scanning for short words, by a queue of candidates for long ones.
#include "engine/tokenizer/word_merger.h"

#include <algorithm>

namespace bv2::engine::tokenizer {

namespace {

/// Up to here a scan over the ranks beats the queue (perf/tokenizer_perf); beyond, it would be quadratic.
constexpr std::size_t longest_scanned_word = 48;

}  // namespace

void WordMerger::merge(std::vector<std::uint32_t>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= longest_scanned_word) {
    merge_short(symbols);
  } else {
    merge_long(symbols);
  }
}

void WordMerger::merge_short(std::vector<std::uint32_t>& symbols) {
  merges_.clear();  // merges_[i]: of symbols i and i + 1
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i)
    merges_.push_back(table_.find(symbols[i], symbols[i + 1]));
  while (!merges_.empty()) {
    const auto best = std::min_element(merges_.begin(), merges_.end(),
                                       [](const Merge& a, const Merge& b) { return a.rank < b.rank; });
    if (!best->exists()) return;
    const auto left = static_cast<std::size_t>(best - merges_.begin());
    symbols[left] = best->id;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(left) + 1);
    merges_.erase(best);
    if (left > 0) merges_[left - 1] = table_.find(symbols[left - 1], symbols[left]);
    if (left < merges_.size()) merges_[left] = table_.find(symbols[left], symbols[left + 1]);
  }
}

void WordMerger::push_candidate(std::int32_t left) {
  const Symbol& symbol = list_[static_cast<std::size_t>(left)];
  const Merge merge = table_.find(symbol.id, list_[static_cast<std::size_t>(symbol.next)].id);
  if (merge.exists()) queue_.push({merge.rank, static_cast<std::uint32_t>(left), merge.id});
}

void WordMerger::merge_long(std::vector<std::uint32_t>& symbols) {
  list_.clear();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const auto position = static_cast<std::int32_t>(i);
    list_.push_back({symbols[i], position - 1, i + 1 < symbols.size() ? position + 1 : -1, false});
  }
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) push_candidate(static_cast<std::int32_t>(i));
  MergeCandidate candidate{};
  while (queue_.pop(candidate)) apply(candidate);
  symbols.clear();
  for (std::int32_t i = 0; i >= 0; i = list_[static_cast<std::size_t>(i)].next) {
    symbols.push_back(list_[static_cast<std::size_t>(i)].id);
  }
}

void WordMerger::apply(const MergeCandidate& candidate) {
  Symbol& left = list_[candidate.position];
  if (left.merged_away || left.next < 0) return;
  Symbol& right = list_[static_cast<std::size_t>(left.next)];
  const Merge now = table_.find(left.id, right.id);
  if (now.rank != candidate.rank) return;  // one of the two has changed since
  left.id = candidate.id;
  left.next = right.next;
  right.merged_away = true;
  const auto position = static_cast<std::int32_t>(candidate.position);
  if (left.next >= 0) {
    list_[static_cast<std::size_t>(left.next)].previous = position;
    push_candidate(position);
  }
  if (left.previous >= 0) push_candidate(left.previous);
}

}  // namespace bv2::engine::tokenizer
