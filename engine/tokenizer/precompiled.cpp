// SentencePiece's compiled normalization rules: a double-array trie of byte strings and what replaces them.
#include <utf8proc.h>

#include <optional>
#include <vector>

#include "engine/tokenizer/normalizer.h"

namespace bv2::engine::tokenizer {

namespace {

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char character : text) {
    const std::size_t digit = alphabet.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<char>((bits >> bit_count) & 0xffU));
    }
  }
  return bytes;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// A unit of the double array (format of darts-clone).
class Unit {
 public:
  explicit Unit(std::uint32_t bits) : bits_(bits) {}
  [[nodiscard]] bool has_leaf() const { return ((bits_ >> 8U) & 1U) == 1; }
  [[nodiscard]] std::uint32_t value() const { return bits_ & 0x7fffffffU; }
  [[nodiscard]] std::uint32_t label() const { return bits_ & 0x800000ffU; }
  [[nodiscard]] std::uint32_t offset() const { return (bits_ >> 10U) << ((bits_ & (1U << 9U)) >> 6U); }

 private:
  std::uint32_t bits_;
};

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(const ConfigNode& node) {
    const ConfigNode map = node.at("precompiled_charsmap");
    const auto decoded = decode_base64(map.text());
    if (!decoded) map.fail("this is not base64");
    const std::string_view bytes = *decoded;
    if (bytes.size() < 4) map.fail("the map is shorter than its header");
    const std::size_t trie_bytes = little_endian(bytes, 0);
    if (trie_bytes > bytes.size() - 4 || trie_bytes % 4 != 0)
      map.fail("the map is shorter than its header says");
    for (std::size_t at = 4; at < 4 + trie_bytes; at += 4) units_.emplace_back(little_endian(bytes, at));
    replacements_ = bytes.substr(4 + trie_bytes);
    if (!is_valid_utf8(replacements_)) map.fail("the map's replacements are not UTF-8");
  }

  void normalize(NormalizedText& text) const override {
    std::string out;
    out.reserve(text.text.size());
    std::size_t origin = 0;
    for (std::size_t begin = 0; begin < text.text.size();) {
      const std::size_t end = end_of_grapheme(text.text, begin);
      append_grapheme(out, std::string_view(text.text).substr(begin, end - begin));
      if (begin < text.origin_bytes) origin = out.size();
      begin = end;
    }
    text = {std::move(out), origin};
  }

 private:
  static std::size_t end_of_grapheme(std::string_view text, std::size_t begin) {
    utf8proc_int32_t state = 0;
    CodePoint previous = code_point_at(text, begin);
    std::size_t end = begin + previous.length;
    while (end < text.size()) {
      const CodePoint next = code_point_at(text, end);
      const bool both_ascii = previous.value < 0x80 && next.value < 0x80;
      const bool is_break =
          both_ascii ? previous.value != '\r' || next.value != '\n'
                     : utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous.value),
                                                        static_cast<utf8proc_int32_t>(next.value), &state);
      if (is_break) break;
      previous = next;
      end += next.length;
    }
    return end;
  }

  /// Short graphemes are looked up whole, then character by character, as the reference does.
  void append_grapheme(std::string& out, std::string_view grapheme) const {
    constexpr std::size_t max_whole_bytes = 5;
    if (grapheme.size() <= max_whole_bytes) {
      if (const auto replacement = replacement_of(grapheme)) {
        out += *replacement;
        return;
      }
    }
    for (std::size_t position = 0; position < grapheme.size();) {
      const std::string_view character = grapheme.substr(position, code_point_at(grapheme, position).length);
      out += replacement_of(character).value_or(character);
      position += character.size();
    }
  }

  /// What replaces the shortest key that `text` starts with.
  [[nodiscard]] std::optional<std::string_view> replacement_of(std::string_view text) const {
    if (units_.empty()) return std::nullopt;
    std::size_t node = units_[0].offset();
    for (const char character : text) {
      const auto byte = static_cast<unsigned char>(character);
      if (byte == 0) break;
      node ^= byte;
      if (node >= units_.size() || units_[node].label() != byte) break;
      const bool has_leaf = units_[node].has_leaf();
      node ^= units_[node].offset();
      if (!has_leaf) continue;
      if (node >= units_.size() || units_[node].value() >= replacements_.size()) break;
      const std::string_view from = std::string_view(replacements_).substr(units_[node].value());
      if ((static_cast<unsigned char>(from[0]) & 0xc0U) == 0x80) break;  // would start inside a character
      return from.substr(0, from.find('\0'));
    }
    return std::nullopt;
  }

  std::vector<Unit> units_;
  std::string replacements_;  ///< each ends with a zero byte
};

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(const ConfigNode& node) {
  return std::make_unique<Precompiled>(node);
}

}  // namespace bv2::engine::tokenizer
