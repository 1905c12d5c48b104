// What turns a word into token ids: the interface and its factory.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/tokenizer/config_node.h"
#include "engine/tokenizer/vocabulary.h"

namespace bv2::engine::tokenizer {

/// Encodes pieces, one after the other: holds what may be reused between the pieces of a text (a cache of
/// words, queues). It belongs to one call, so that the model needs no lock; it must not outlive the model.
class PieceEncoder {
 public:
  virtual ~PieceEncoder() = default;
  /// Appends the ids of a piece (valid UTF-8, not empty). Throws bv2::Error when nothing stands for an
  /// unknown piece.
  virtual void encode(std::string_view piece, std::vector<std::int64_t>& ids) = 0;
};

/// Immutable; may be shared by threads.
class TokenModel {
 public:
  explicit TokenModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~TokenModel() = default;
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }
  [[nodiscard]] virtual std::unique_ptr<PieceEncoder> piece_encoder() const = 0;

 private:
  Vocabulary vocabulary_;
};

/// BPE, Unigram, WordLevel, WordPiece. Files from before models had a "type" are told apart by their fields.
std::unique_ptr<TokenModel> make_token_model(const ConfigNode& node);

std::unique_ptr<TokenModel> make_bpe(const ConfigNode& node);
std::unique_ptr<TokenModel> make_unigram(const ConfigNode& node);
std::unique_ptr<TokenModel> make_word_level(const ConfigNode& node);
std::unique_ptr<TokenModel> make_word_piece(const ConfigNode& node);

/// The ids of the 256 tokens <0x00> to <0xFF>, as far as a vocabulary has them.
class ByteTokens {
 public:
  explicit ByteTokens(const Vocabulary& vocabulary);
  /// Appends the ids of all bytes of `text`; false, and nothing appended, when one has none.
  bool append(std::string_view text, std::vector<std::uint32_t>& ids) const;

 private:
  std::vector<std::optional<std::uint32_t>> ids_;
};

}  // namespace bv2::engine::tokenizer
