// What turns tokens back into text: the interface and its factory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

/// Immutable; decode may run in any number of threads.
class TokenDecoder {
 public:
  virtual ~TokenDecoder() = default;
  /// Rewrites the tokens (valid UTF-8, and so is the result); the text is what remains, joined.
  virtual void decode(std::vector<std::string>& tokens) const = 0;
};

/// BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece: as Hugging Face
/// tokenizers 0.23 does them.
std::unique_ptr<TokenDecoder> make_token_decoder(const ConfigNode& node);

}  // namespace bv2::engine::tokenizer
