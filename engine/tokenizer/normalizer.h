// What changes the text before it is cut: the interface and its factory.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

/// Text between two added tokens, on its way through the normalizers.
struct NormalizedText {
  std::string text;  ///< valid UTF-8
  /// How many leading bytes come from the first character of the input: Metaspace's prepend_scheme "first"
  /// asks for it. 0 when that character was removed, or when the text does not begin the input.
  std::size_t origin_bytes = 0;
};

/// Immutable; normalize may run in any number of threads.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(NormalizedText& text) const = 0;
};

/// BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace, Sequence,
/// Strip, StripAccents: as Hugging Face tokenizers 0.23 does them.
std::unique_ptr<Normalizer> make_normalizer(const ConfigNode& node);

// The ones with a file of their own.
std::unique_ptr<Normalizer> make_bert_normalizer(const ConfigNode& node);
std::unique_ptr<Normalizer> make_precompiled(const ConfigNode& node);
std::unique_ptr<Normalizer> make_nfc(const ConfigNode& node);
std::unique_ptr<Normalizer> make_nfd(const ConfigNode& node);
std::unique_ptr<Normalizer> make_nfkc(const ConfigNode& node);
std::unique_ptr<Normalizer> make_nfkd(const ConfigNode& node);

/// Appends the canonical decomposition of `text` (NFD).
void append_nfd(std::string& out, std::string_view text);

/// Rewrites `text` character by character: `rewrite(out, code_point)` appends what replaces the character.
template <class Rewrite>
void rewrite_characters(NormalizedText& text, const Rewrite& rewrite);

}  // namespace bv2::engine::tokenizer

#include "engine/tokenizer/unicode.h"

template <class Rewrite>
void bv2::engine::tokenizer::rewrite_characters(NormalizedText& text, const Rewrite& rewrite) {
  std::string out;
  out.reserve(text.text.size());
  std::size_t origin = 0;
  for (std::size_t position = 0; position < text.text.size();) {
    const CodePoint point = code_point_at(text.text, position);
    rewrite(out, point.value);
    position += point.length;
    if (position <= text.origin_bytes) origin = out.size();
  }
  text = {std::move(out), origin};
}
