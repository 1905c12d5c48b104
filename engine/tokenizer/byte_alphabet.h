// The byte-level alphabet of GPT-2: each byte as a printable character.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace bv2::engine::tokenizer {

/// Bytes to the characters that byte-level vocabularies are written in (" " is "Ġ"), and back.
/// Source: GPT-2's bytes_to_unicode: printable Latin-1 stands for itself, the others follow from U+0100 on.
class ByteAlphabet {
 public:
  ByteAlphabet();

  /// Appends one character for each byte.
  void append_characters(std::string& text, std::string_view bytes) const {
    for (const char byte : bytes) text += characters_[static_cast<unsigned char>(byte)];
  }

  /// Appends the bytes that `characters` (valid UTF-8) stand for; false, with `bytes` unchanged, when one of
  /// them stands for none.
  bool append_bytes(std::string& bytes, std::string_view characters) const;

 private:
  static constexpr std::size_t code_points = 0x144;
  std::array<std::string, 256> characters_;
  std::array<std::optional<char>, code_points> bytes_;
};

}  // namespace bv2::engine::tokenizer
