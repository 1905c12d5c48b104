// Applies the merges of a BPE model to the symbols of a word.
#pragma once

#include <cstdint>
#include <vector>

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
  struct Candidate {
    std::uint32_t rank;
    std::uint32_t position;
    std::uint32_t id;
  };

  void merge_short(std::vector<std::uint32_t>& symbols);
  void merge_long(std::vector<std::uint32_t>& symbols);
  void push_candidate(std::int32_t left);
  void apply(const Candidate& candidate);

  const MergeTable& table_;
  std::vector<Merge> merges_;
  std::vector<Symbol> list_;
  std::vector<Candidate> heap_;
};

}  // namespace bv2::engine::tokenizer
