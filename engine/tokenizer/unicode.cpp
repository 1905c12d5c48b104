// UTF-8 and character classes: the tables are utf8proc's.
#include "engine/tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace bv2::engine::tokenizer {

namespace {

using Byte = unsigned char;

/// The bytes that may follow a lead byte: how many, and the range of the first (Unicode, table 3-7).
struct SequenceRule {
  Byte first_lead, last_lead;
  std::size_t length;
  Byte second_low, second_high;
};

constexpr SequenceRule sequence_rules[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

/// A well-formed sequence, or the maximal subpart of an ill-formed one.
struct Sequence {
  std::size_t length;
  bool valid;
};

Sequence sequence_at(std::string_view bytes, std::size_t position) {
  const auto lead = static_cast<Byte>(bytes[position]);
  if (lead < 0x80) return {1, true};
  const auto* rule = std::find_if(std::begin(sequence_rules), std::end(sequence_rules),
                                  [&](const auto& r) { return lead >= r.first_lead && lead <= r.last_lead; });
  if (rule == std::end(sequence_rules)) return {1, false};
  for (std::size_t i = 1; i < rule->length; ++i) {
    if (position + i >= bytes.size()) return {i, false};
    const auto next = static_cast<Byte>(bytes[position + i]);
    const Byte low = i == 1 ? rule->second_low : Byte{0x80};
    const Byte high = i == 1 ? rule->second_high : Byte{0xbf};
    if (next < low || next > high) return {i, false};
  }
  return {rule->length, true};
}

/// Where the ASCII run that starts at `position` ends.
std::size_t end_of_ascii(std::string_view bytes, std::size_t position) {
  constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  while (position + 8 <= bytes.size()) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + position, 8);
    if ((word & high_bits) != 0) break;
    position += 8;
  }
  while (position < bytes.size() && static_cast<Byte>(bytes[position]) < 0x80) ++position;
  return position;
}

/// Where the well-formed text that starts at `position` ends.
std::size_t end_of_valid(std::string_view bytes, std::size_t position) {
  while ((position = end_of_ascii(bytes, position)) < bytes.size()) {
    const Sequence sequence = sequence_at(bytes, position);
    if (!sequence.valid) break;
    position += sequence.length;
  }
  return position;
}

utf8proc_category_t category(char32_t value) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(value));
}

template <class... Categories>
bool is_any_of(char32_t value, Categories... categories) {
  const utf8proc_category_t found = category(value);
  return ((found == categories) || ...);
}

/// Alphabetic symbols: circled and squared Latin letters (Other_Alphabetic outside of marks).
bool is_alphabetic_symbol(char32_t value) {
  return (value >= 0x24b6 && value <= 0x24e9) || (value >= 0x1f130 && value <= 0x1f149) ||
         (value >= 0x1f150 && value <= 0x1f169) || (value >= 0x1f170 && value <= 0x1f189);
}

}  // namespace

CodePoint code_point_before(std::string_view text, std::size_t end) {
  std::size_t begin = end - 1;
  while (begin > 0 && (static_cast<Byte>(text[begin]) & 0xc0U) == 0x80) --begin;
  return code_point_at(text, begin);
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<Byte>(byte) & 0xc0U) != 0x80; }));
}

void append_utf8(std::string& text, char32_t value) {
  const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (value < 0x80) return put(value);
  if (value < 0x800) {
    put(0xc0U | (value >> 6U));
  } else if (value < 0x10000) {
    put(0xe0U | (value >> 12U));
    put(0x80U | ((value >> 6U) & 0x3fU));
  } else {
    put(0xf0U | (value >> 18U));
    put(0x80U | ((value >> 12U) & 0x3fU));
    put(0x80U | ((value >> 6U) & 0x3fU));
  }
  put(0x80U | (value & 0x3fU));
}

bool is_valid_utf8(std::string_view bytes) { return end_of_valid(bytes, 0) == bytes.size(); }

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t position = 0; position < bytes.size();) {
    const std::size_t end = end_of_valid(bytes, position);
    text.append(bytes.substr(position, end - position));
    if (end == bytes.size()) break;
    append_utf8(text, 0xfffd);
    position = end + sequence_at(bytes, end).length;
  }
  return text;
}

bool is_white_space(char32_t value) {
  if (value < 0x80) return value == ' ' || (value >= 0x09 && value <= 0x0d);
  return value == 0x85 || value == 0xa0 || value == 0x1680 || (value >= 0x2000 && value <= 0x200a) ||
         value == 0x2028 || value == 0x2029 || value == 0x202f || value == 0x205f || value == 0x3000;
}

bool is_word(char32_t value) {
  if (value < 0x80) {
    return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') ||
           (value >= '0' && value <= '9') || value == '_';
  }
  if (value == 0x200c || value == 0x200d || is_alphabetic_symbol(value)) return true;
  return is_any_of(value, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LT,
                   UTF8PROC_CATEGORY_LM, UTF8PROC_CATEGORY_LO, UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC,
                   UTF8PROC_CATEGORY_ME, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_PC);
}

bool is_punctuation(char32_t value) {
  if (value < 0x80) {
    return (value >= '!' && value <= '/') || (value >= ':' && value <= '@') ||
           (value >= '[' && value <= '`') || (value >= '{' && value <= '~');
  }
  return is_any_of(value, UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PD, UTF8PROC_CATEGORY_PS,
                   UTF8PROC_CATEGORY_PE, UTF8PROC_CATEGORY_PI, UTF8PROC_CATEGORY_PF, UTF8PROC_CATEGORY_PO);
}

bool is_numeric(char32_t value) {
  return is_any_of(value, UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NL, UTF8PROC_CATEGORY_NO);
}

bool is_mark(char32_t value) {
  return is_any_of(value, UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_MC, UTF8PROC_CATEGORY_ME);
}

bool is_nonspacing_mark(char32_t value) { return is_any_of(value, UTF8PROC_CATEGORY_MN); }

bool is_other(char32_t value) {
  return is_any_of(value, UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CF, UTF8PROC_CATEGORY_CO);
}

void append_lower_case(std::string& text, char32_t value) {
  if (value < 0x80) {
    text.push_back(static_cast<char>(value >= 'A' && value <= 'Z' ? value + 0x20 : value));
    return;
  }
  if (value == 0x130) {  // the only code point whose lower case is two, which utf8proc_tolower cannot say
    text.append("i\u0307");
    return;
  }
  append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(value))));
}

}  // namespace bv2::engine::tokenizer
