// Construction of the trie, breadth first over the sorted keys, so that deep keys need no recursion.
#include "engine/tokenizer/byte_trie.h"

#include <algorithm>

namespace bv2::engine::tokenizer {

ByteTrie::ByteTrie(std::span<const std::pair<std::string_view, Value>> entries) {
  std::vector<std::pair<std::string_view, Value>> sorted(entries.begin(), entries.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });

  // The keys of a node: a range of `sorted` that shares its first `depth` bytes.
  struct Pending {
    std::size_t begin, end, depth;
  };
  std::vector<Pending> pending = {{0, sorted.size(), 0}};  // pending[n] describes node n
  nodes_.emplace_back();
  for (std::size_t node = 0; node < pending.size(); ++node) {
    auto [begin, end, depth] = pending[node];
    while (begin < end && sorted[begin].first.size() == depth) nodes_[node].value = sorted[begin++].second;
    nodes_[node].first_edge = static_cast<std::uint32_t>(edge_bytes_.size());
    while (begin < end) {
      const char byte = sorted[begin].first[depth];
      std::size_t next = begin;
      while (next < end && sorted[next].first[depth] == byte) ++next;
      edge_bytes_.push_back(static_cast<unsigned char>(byte));
      edge_targets_.push_back(static_cast<Node>(nodes_.size()));
      nodes_.emplace_back();
      pending.push_back({begin, next, depth + 1});
      begin = next;
    }
    nodes_[node].edge_count = static_cast<std::uint32_t>(edge_bytes_.size()) - nodes_[node].first_edge;
  }
  root_children_.fill(none);
  for (std::uint32_t edge = 0; edge < nodes_[root].edge_count; ++edge) {
    root_children_[edge_bytes_[edge]] = edge_targets_[edge];
  }
}

}  // namespace bv2::engine::tokenizer
