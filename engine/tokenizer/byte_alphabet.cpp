// The byte-level alphabet.
#include "engine/tokenizer/byte_alphabet.h"

#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

ByteAlphabet::ByteAlphabet() {
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    const char32_t character = printable ? byte : next++;
    append_utf8(characters_[byte], character);
    bytes_[character] = static_cast<char>(byte);
  }
}

bool ByteAlphabet::append_bytes(std::string& bytes, std::string_view characters) const {
  const std::size_t size_before = bytes.size();
  for (std::size_t position = 0; position < characters.size();) {
    const CodePoint point = code_point_at(characters, position);
    if (point.value >= code_points || !bytes_[point.value]) {
      bytes.resize(size_before);
      return false;
    }
    bytes.push_back(*bytes_[point.value]);
    position += point.length;
  }
  return true;
}

}  // namespace bv2::engine::tokenizer
