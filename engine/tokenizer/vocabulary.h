// Tokens and their ids, both ways.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

/// Lets maps of strings be asked with a string_view.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Value>
using StringMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

/// The vocabulary of a model. When an id comes twice, the token added last is the one that it decodes to.
class Vocabulary {
 public:
  Vocabulary() = default;
  /// From an object of token -> id.
  explicit Vocabulary(const ConfigNode& node);
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  void reserve(std::size_t tokens);
  void add(std::string token, std::uint32_t id);

  [[nodiscard]] std::optional<std::uint32_t> id_of(std::string_view token) const {
    const auto found = ids_.find(token);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::optional<std::string_view> token_of(std::uint32_t id) const {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return std::nullopt;
    return *found->second;
  }
  /// How many tokens there are.
  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] const StringMap<std::uint32_t>& ids() const { return ids_; }

 private:
  StringMap<std::uint32_t> ids_;
  std::unordered_map<std::uint32_t, const std::string*> tokens_;  ///< keys of ids_, which do not move
};

}  // namespace bv2::engine::tokenizer
