// What cuts the normalized text into words: the interface and its factory.
#pragma once

#include <memory>

#include "engine/tokenizer/config_node.h"
#include "engine/tokenizer/splitting.h"

namespace bv2::engine::tokenizer {

/// Immutable; apply may run in any number of threads.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  /// Cuts the pieces further; some also rewrite the text (ByteLevel, Metaspace).
  virtual void apply(Pieces& pieces) const = 0;
};

/// BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, FixedLength, Metaspace, Punctuation, Sequence,
/// Split, Whitespace, WhitespaceSplit: as Hugging Face tokenizers 0.23 does them.
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const ConfigNode& node);

// The ones that rewrite the text, in rewriting_pre_tokenizers.cpp.
std::unique_ptr<PreTokenizer> make_byte_level(const ConfigNode& node);
std::unique_ptr<PreTokenizer> make_metaspace(const ConfigNode& node);

}  // namespace bv2::engine::tokenizer
