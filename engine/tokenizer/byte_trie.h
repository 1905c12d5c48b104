// A compact trie over byte strings: which of many strings start at a place of a text.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace bv2::engine::tokenizer {

/// Immutable after construction. The edges of a node are contiguous and sorted by byte.
class ByteTrie {
 public:
  using Node = std::uint32_t;
  using Value = std::uint32_t;
  static constexpr Node root = 0;
  static constexpr Node none = UINT32_MAX;
  static constexpr Value no_value = UINT32_MAX;

  ByteTrie() : ByteTrie(std::span<const std::pair<std::string_view, Value>>{}) {}
  /// The last value wins when a key comes twice.
  explicit ByteTrie(std::span<const std::pair<std::string_view, Value>> entries);

  /// The node behind the edge `byte`, or none.
  [[nodiscard]] Node child(Node node, char byte) const;
  /// The node that `text` leads to from `node`, or none.
  [[nodiscard]] Node walk(Node node, std::string_view text) const;
  /// The value of the key that ends at `node`, or no_value.
  [[nodiscard]] Value value(Node node) const { return nodes_[node].value; }

 private:
  struct NodeData {
    std::uint32_t first_edge = 0;
    std::uint32_t edge_count = 0;
    Value value = no_value;
  };

  std::vector<NodeData> nodes_;
  std::vector<unsigned char> edge_bytes_;
  std::vector<Node> edge_targets_;
  std::array<Node, 256> root_children_{};  ///< the root is asked for every position of a text
};

inline ByteTrie::Node ByteTrie::child(Node node, char byte) const {
  const auto wanted = static_cast<unsigned char>(byte);
  if (node == root) return root_children_[wanted];
  const NodeData& data = nodes_[node];
  for (std::uint32_t edge = data.first_edge; edge < data.first_edge + data.edge_count; ++edge) {
    if (edge_bytes_[edge] >= wanted) return edge_bytes_[edge] == wanted ? edge_targets_[edge] : none;
  }
  return none;
}

inline ByteTrie::Node ByteTrie::walk(Node node, std::string_view text) const {
  for (const char byte : text) {
    node = child(node, byte);
    if (node == none) break;
  }
  return node;
}

}  // namespace bv2::engine::tokenizer
