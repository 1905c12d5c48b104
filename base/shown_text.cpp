// Text from a file as an error message can show it.
#include "base/shown_text.h"

#include <algorithm>

namespace bv2 {

std::string shown(std::string_view text) {
  constexpr std::size_t max_bytes = 200;
  std::size_t length = std::min(text.size(), max_bytes);
  const auto inside_character = [&](std::size_t at) {  // of UTF-8
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
  };
  while (length > 0 && inside_character(length)) --length;
  std::string result(text.substr(0, length));
  std::ranges::replace_if(
      result, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return length < text.size() ? result + "..." : result;
}

}  // namespace bv2
