// Added tokens: reading, numbering, and the leftmost longest match.
#include "engine/tokenizer/added_tokens.h"

#include <algorithm>

#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

/// Where a token's content stands, with the spaces that it takes.
struct Place {
  std::size_t begin;
  std::size_t end;
};

AddedToken read_token(const ConfigNode& node) {
  AddedToken token;
  token.content = node.at("content").text();
  token.id = node.at("id").token_id();
  token.single_word = node.boolean_or("single_word", false);
  token.lstrip = node.boolean_or("lstrip", false);
  token.rstrip = node.boolean_or("rstrip", false);
  token.special = node.boolean_or("special", false);
  token.normalized = node.boolean_or("normalized", !token.special);
  return token;
}

bool is_single_word(std::string_view text, const Place& match) {
  const bool word_before = match.begin > 0 && is_word(code_point_before(text, match.begin).value);
  const bool word_behind = match.end < text.size() && is_word(code_point_at(text, match.end).value);
  return !word_before && !word_behind;
}

std::size_t skip_spaces_back(std::string_view text, std::size_t begin, std::size_t limit) {
  while (begin > limit) {
    const CodePoint point = code_point_before(text, begin);
    if (!is_white_space(point.value)) break;
    begin -= point.length;
  }
  return begin;
}

std::size_t skip_spaces(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const CodePoint point = code_point_at(text, end);
    if (!is_white_space(point.value)) break;
    end += point.length;
  }
  return end;
}

/// The longest key that starts at `begin`.
std::optional<std::pair<std::size_t, ByteTrie::Value>> longest_at(const ByteTrie& trie, std::string_view text,
                                                                  std::size_t begin) {
  std::optional<std::pair<std::size_t, ByteTrie::Value>> longest;
  ByteTrie::Node node = ByteTrie::root;
  for (std::size_t end = begin; end < text.size();) {
    node = trie.child(node, text[end++]);
    if (node == ByteTrie::none) break;
    if (trie.value(node) != ByteTrie::no_value) longest = {end, trie.value(node)};
  }
  return longest;
}

}  // namespace

AddedTokens::AddedTokens(const ConfigNode& node, const Vocabulary& vocabulary, const Normalizer* normalizer) {
  for (const ConfigNode& element : node.elements()) {
    AddedToken token = read_token(element);
    if (!token.content.empty()) add(std::move(token), vocabulary);
  }
  std::stable_partition(tokens_.begin(), tokens_.end(),
                        [this](const auto& t) { return is_special(t.content); });
  build_tries(normalizer);
}

void AddedTokens::add(AddedToken token, const Vocabulary& vocabulary) {
  if (const auto known = id_of(token.content)) {
    token.id = *known;
  } else if (const auto in_model = vocabulary.id_of(token.content)) {
    token.id = *in_model;
  } else {
    const auto model_size = static_cast<std::uint32_t>(vocabulary.size());
    const auto largest = largest_id();
    token.id = largest && (*largest >= model_size || model_size == 0) ? *largest + 1 : model_size;
  }
  ids_[token.content] = token.id;
  if (token.special) special_.insert(token.content);
  by_id_.insert_or_assign(token.id, token);
  tokens_.push_back(std::move(token));
}

void AddedTokens::build_tries(const Normalizer* normalizer) {
  std::vector<std::string> normalized_contents;
  std::vector<std::pair<std::string_view, ByteTrie::Value>> raw;
  std::vector<std::pair<std::string_view, ByteTrie::Value>> normalized;
  normalized_contents.reserve(tokens_.size());
  // Of equal contents the first matches; the trie keeps the last.
  for (auto token = tokens_.rbegin(); token != tokens_.rend(); ++token) {
    if (!token->normalized) {
      raw.emplace_back(token->content, token->id);
      continue;
    }
    NormalizedText text{token->content, 0};
    if (normalizer != nullptr) normalizer->normalize(text);
    normalized_contents.push_back(std::move(text.text));
    if (!normalized_contents.back().empty()) normalized.emplace_back(normalized_contents.back(), token->id);
  }
  raw_ = ByteTrie(raw);
  normalized_ = ByteTrie(normalized);
}

std::vector<Segment> AddedTokens::find(std::string_view text, const ByteTrie& trie) const {
  std::vector<Segment> segments;
  std::size_t done = 0;
  for (std::size_t position = 0; position < text.size();) {
    const auto longest = longest_at(trie, text, position);
    if (!longest) {
      ++position;
      continue;
    }
    Place match{position, longest->first};
    position = match.end;
    const AddedToken& token = by_id_.at(longest->second);
    if (token.single_word && !is_single_word(text, match)) continue;
    if (token.lstrip) match.begin = skip_spaces_back(text, match.begin, std::min(done, match.begin));
    if (token.rstrip) match.end = skip_spaces(text, match.end);
    if (done < match.begin) segments.push_back({done, match.begin, std::nullopt});
    segments.push_back({match.begin, match.end, longest->second});
    done = match.end;
  }
  if (done < text.size()) segments.push_back({done, text.size(), std::nullopt});
  return segments;
}

std::optional<std::uint32_t> AddedTokens::id_of(std::string_view content) const {
  const auto found = ids_.find(content);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<std::string_view> AddedTokens::content_of(std::uint32_t id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second.content;
}

std::size_t AddedTokens::count_beyond(const Vocabulary& vocabulary) const {
  return static_cast<std::size_t>(std::count_if(
      ids_.begin(), ids_.end(), [&](const auto& entry) { return !vocabulary.id_of(entry.first); }));
}

std::optional<std::uint32_t> AddedTokens::largest_id() const {
  std::optional<std::uint32_t> largest;
  for (const auto& [content, id] : ids_) largest = std::max(largest.value_or(0), id);
  return largest;
}

}  // namespace bv2::engine::tokenizer
