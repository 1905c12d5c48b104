// UTF-8 and the character classes that tokenizers ask for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bv2::engine::tokenizer {

/// A code point and how many bytes it takes in UTF-8.
struct CodePoint {
  char32_t value;
  std::size_t length;
};

/// The code point that starts at `text[position]`; `text` must be valid UTF-8.
inline CodePoint code_point_at(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const auto tail = [&](std::size_t i) -> char32_t { return byte(i) & 0x3fU; };
  if (lead < 0xe0) return {((lead & 0x1fU) << 6U) | tail(1), 2};
  if (lead < 0xf0) return {((lead & 0x0fU) << 12U) | (tail(1) << 6U) | tail(2), 3};
  return {((lead & 0x07U) << 18U) | (tail(1) << 12U) | (tail(2) << 6U) | tail(3), 4};
}

/// The code point that ends just before `text[end]`; `end` > 0 and `text` must be valid UTF-8.
CodePoint code_point_before(std::string_view text, std::size_t end);

/// How many code points valid UTF-8 holds.
std::size_t count_code_points(std::string_view text);

void append_utf8(std::string& text, char32_t value);

bool is_valid_utf8(std::string_view bytes);

/// `bytes` with each maximal ill-formed part replaced by U+FFFD (Unicode 3.9, "substitution of maximal
/// subparts").
std::string to_valid_utf8(std::string_view bytes);

/// The property White_Space.
bool is_white_space(char32_t value);
/// What \w is to the regex engine of the reference: Alphabetic, marks, decimal digits, connectors, joiners.
bool is_word(char32_t value);
/// General category P, or an ASCII symbol.
bool is_punctuation(char32_t value);
/// General category N.
bool is_numeric(char32_t value);
/// General category M.
bool is_mark(char32_t value);
/// General category Mn.
bool is_nonspacing_mark(char32_t value);
/// General categories Cc, Cf, Co.
bool is_other(char32_t value);

/// Appends the full lower case (without context) of a code point.
void append_lower_case(std::string& text, char32_t value);

}  // namespace bv2::engine::tokenizer
