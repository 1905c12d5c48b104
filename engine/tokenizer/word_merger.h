// Applies the merges of a BPE model to the symbols of a word.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/tokenizer/candidate_queue.h"
#include "engine/tokenizer/merge_table.h"

namespace bv2::engine::tokenizer {

/// Merges neighbours, lowest rank first and leftmost among equals, until no pair merges. Holds its buffers,
/// so that words need no allocation.
class WordMerger {
 public:
  explicit WordMerger(const MergeTable& table) : table_(table) {}

  /// Replaces the symbols by what remains.
  void merge(std::vector<std::uint32_t>& symbols);

 private:
  struct Symbol {
    std::uint32_t id;
    std::int32_t previous;
    std::int32_t next;  ///< -1 after the last
    bool merged_away;
  };

  void merge_short(std::vector<std::uint32_t>& symbols);
  void merge_long(std::vector<std::uint32_t>& symbols);
  void push_candidate(std::int32_t left);
  void apply(const MergeCandidate& candidate);

  const MergeTable& table_;
  std::vector<Merge> merges_;
  std::vector<Symbol> list_;
  CandidateQueue queue_;
};

}  // namespace bv2::engine::tokenizer
