// The merges of a BPE model: pairs of token ids to their rank and the token that they make.
#pragma once

#include <cstdint>
#include <vector>

namespace bv2::engine::tokenizer {

/// What a pair merges into; the lower the rank, the earlier.
struct Merge {
  static constexpr std::uint32_t no_rank = UINT32_MAX;
  std::uint32_t rank = no_rank;
  std::uint32_t id = 0;

  [[nodiscard]] bool exists() const { return rank != no_rank; }
};

/// An open-addressing hash table, at most half full: one cache miss a look-up in tables of 300k merges, where
/// std::unordered_map takes three.
class MergeTable {
 public:
  explicit MergeTable(std::size_t merges) {
    while ((std::size_t{1} << bits_) < 2 * merges) ++bits_;
    slots_.resize(std::size_t{1} << bits_);
  }

  /// The last merge of a pair counts. At most as many pairs as announced.
  void insert(std::uint32_t left, std::uint32_t right, Merge merge) {
    Slot& slot = slots_[slot_of(key_of(left, right))];
    slot = {key_of(left, right), merge};
  }

  /// The merge of two neighbours; it does not exist() if there is none.
  [[nodiscard]] Merge find(std::uint32_t left, std::uint32_t right) const {
    return slots_[slot_of(key_of(left, right))].merge;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    Merge merge;
  };

  static std::uint64_t key_of(std::uint32_t left, std::uint32_t right) {
    return (std::uint64_t{left} << 32U) | right;
  }

  /// The slot that holds the key, or the empty one where it would be.
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const {
    std::size_t index = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15ULL) >> (64U - bits_));
    while (slots_[index].merge.exists() && slots_[index].key != key)
      index = (index + 1) & (slots_.size() - 1);
    return index;
  }

  unsigned bits_ = 4;
  std::vector<Slot> slots_;
};

}  // namespace bv2::engine::tokenizer
