// Merging: by scanning for short words, by a heap of candidates for long ones.
#include "engine/tokenizer/word_merger.h"

#include <algorithm>

namespace bv2::engine::tokenizer {

namespace {

/// Up to here a scan over the ranks beats the heap (perf/tokenizer_perf); beyond, it would be quadratic.
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
  if (merge.exists()) heap_.push_back({merge.rank, static_cast<std::uint32_t>(left), merge.id});
}

void WordMerger::merge_long(std::vector<std::uint32_t>& symbols) {
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  };
  list_.clear();
  heap_.clear();
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const auto position = static_cast<std::int32_t>(i);
    list_.push_back({symbols[i], position - 1, i + 1 < symbols.size() ? position + 1 : -1, false});
  }
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) push_candidate(static_cast<std::int32_t>(i));
  std::make_heap(heap_.begin(), heap_.end(), later);
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Candidate candidate = heap_.back();
    heap_.pop_back();
    std::size_t size = heap_.size();
    apply(candidate);
    while (size < heap_.size()) {
      ++size;
      std::push_heap(heap_.begin(), heap_.begin() + static_cast<std::ptrdiff_t>(size), later);
    }
  }
  symbols.clear();
  for (std::int32_t i = 0; i >= 0; i = list_[static_cast<std::size_t>(i)].next) {
    symbols.push_back(list_[static_cast<std::size_t>(i)].id);
  }
}

void WordMerger::apply(const Candidate& candidate) {
  Symbol& left = list_[candidate.position];
  if (left.merged_away || left.next < 0) return;
  Symbol& right = list_[static_cast<std::size_t>(left.next)];
  const Merge now = table_.find(left.id, right.id);
  if (!now.exists() || now.id != candidate.id) return;  // one of the two has changed since
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
