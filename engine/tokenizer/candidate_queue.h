// The merges that a long word may take next, in the order in which BPE takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bv2::engine::tokenizer {

/// A merge of the symbol at a position with the one after it.
struct MergeCandidate {
  std::uint32_t rank;
  std::uint32_t position;
  std::uint32_t id;  ///< what they make
};

/// Gives candidates by rank, from left to right among equals. One list a rank, each read in order, stays in
/// caches where a heap of all candidates of a text of megabytes does not, which made a byte of it 6 times
/// slower than one of a short text. Empty again, it can be used for the next word.
class CandidateQueue {
 public:
  void push(const MergeCandidate& candidate);
  /// The next one; false when none is left.
  bool pop(MergeCandidate& candidate);

 private:
  struct Item {
    std::uint32_t position;
    std::uint32_t id;
    friend bool operator<(const Item& a, const Item& b) { return a.position < b.position; }
  };
  struct Bucket {
    std::vector<Item> items;
    std::size_t next = 0;  ///< of items: the first that was not given
    bool sorted = true;
    bool queued = false;  ///< ranks_ has it
  };

  static constexpr std::uint32_t none = UINT32_MAX;

  Bucket& bucket_of(std::uint32_t rank);
  void append(std::uint32_t rank, Item item);
  void open_next();
  void put_back();

  std::vector<std::uint32_t> places_;  ///< by rank: of buckets_, or none
  std::vector<Bucket> buckets_;
  std::vector<std::uint32_t> ranks_;  ///< a heap, the lowest on top
  std::uint32_t open_ = none;         ///< the rank that candidates are taken from
  std::vector<Item> early_;           ///< of that rank, before all that its bucket still has; a heap
};

}  // namespace bv2::engine::tokenizer
