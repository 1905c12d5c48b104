// Tokens that are found in the text before the model sees it: special ones, and others that were added.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/tokenizer/byte_trie.h"
#include "engine/tokenizer/config_node.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/vocabulary.h"

namespace bv2::engine::tokenizer {

/// An entry of "added_tokens".
struct AddedToken {
  std::string content;
  std::uint32_t id = 0;
  bool single_word = false;  ///< only where no word character is beside it
  bool lstrip = false;       ///< takes the spaces before it
  bool rstrip = false;       ///< takes the spaces behind it
  bool normalized = false;   ///< is looked for in the normalized text, itself normalized
  bool special = false;
};

/// A stretch of a text: an added token, or text between them.
struct Segment {
  std::size_t begin;
  std::size_t end;
  std::optional<std::uint32_t> id;
};

/// The added tokens of a tokenizer. An added token that the model has too gets the model's id; the others are
/// numbered in the order of the file, from the model's size on, whatever id the file states: as Hugging Face
/// tokenizers does. Immutable.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// `normalizer` may be null.
  AddedTokens(const ConfigNode& node, const Vocabulary& vocabulary, const Normalizer* normalizer);

  /// Cuts the text as it was given at the tokens that are not normalized.
  [[nodiscard]] std::vector<Segment> find_in_raw(std::string_view text) const { return find(text, raw_); }
  /// Cuts normalized text at the normalized tokens.
  [[nodiscard]] std::vector<Segment> find_in_normalized(std::string_view text) const {
    return find(text, normalized_);
  }

  [[nodiscard]] std::optional<std::uint32_t> id_of(std::string_view content) const;
  [[nodiscard]] std::optional<std::string_view> content_of(std::uint32_t id) const;
  [[nodiscard]] bool is_special(std::string_view content) const { return special_.contains(content); }
  /// How many of them the model's vocabulary lacks.
  [[nodiscard]] std::size_t count_beyond(const Vocabulary& vocabulary) const;
  /// The largest id, if there are tokens.
  [[nodiscard]] std::optional<std::uint32_t> largest_id() const;

 private:
  void add(AddedToken token, const Vocabulary& vocabulary);
  void build_tries(const Normalizer* normalizer);
  [[nodiscard]] std::vector<Segment> find(std::string_view text, const ByteTrie& trie) const;

  std::vector<AddedToken> tokens_;  ///< in the order in which they match: special ones first
  StringMap<std::uint32_t> ids_;
  std::unordered_map<std::uint32_t, AddedToken> by_id_;  ///< the last token that took an id
  std::unordered_set<std::string, StringHash, std::equal_to<>> special_;
  ByteTrie raw_;
  ByteTrie normalized_;
};

}  // namespace bv2::engine::tokenizer
