// The table of models, and the smallest of them.
#include "base/error.h"
#include "engine/tokenizer/token_model.h"

namespace bv2::engine::tokenizer {

namespace {

constexpr ComponentFactory<TokenModel> model_table[] = {
    {"BPE", make_bpe},
    {"Unigram", make_unigram},
    {"WordLevel", make_word_level},
    {"WordPiece", make_word_piece},
};

class WordLevel : public TokenModel {
 public:
  explicit WordLevel(const ConfigNode& node)
      : TokenModel(Vocabulary(node.at("vocab"))), unk_token_(node.text_or("unk_token", "<unk>")) {}

  [[nodiscard]] std::unique_ptr<PieceEncoder> piece_encoder() const override {
    return std::make_unique<Encoder>(*this);
  }

 private:
  class Encoder : public PieceEncoder {
   public:
    explicit Encoder(const WordLevel& model) : model_(model) {}
    void encode(std::string_view piece, std::vector<std::int64_t>& ids) override {
      auto id = model_.vocabulary().id_of(piece);
      if (!id) id = model_.vocabulary().id_of(model_.unk_token_);
      if (!id)
        fail("the word {} is unknown, and the vocabulary has no {}", in_quotes(piece),
             in_quotes(model_.unk_token_));
      ids.push_back(*id);
    }

   private:
    const WordLevel& model_;
  };

  std::string unk_token_;
};

}  // namespace

std::unique_ptr<TokenModel> make_word_level(const ConfigNode& node) {
  return std::make_unique<WordLevel>(node);
}

std::unique_ptr<TokenModel> make_token_model(const ConfigNode& node) {
  if (node.find("type")) return make_component<TokenModel>(node, "model", model_table);
  if (node.find("merges")) return make_bpe(node);
  if (node.find("unk_id")) return make_unigram(node);
  if (node.find("max_input_chars_per_word")) return make_word_piece(node);
  return make_word_level(node);
}

ByteTokens::ByteTokens(const Vocabulary& vocabulary) {
  for (unsigned byte = 0; byte < 256; ++byte)
    ids_.push_back(vocabulary.id_of(fmt::format("<0x{:02X}>", byte)));
}

bool ByteTokens::append(std::string_view text, std::vector<std::uint32_t>& ids) const {
  const std::size_t size_before = ids.size();
  for (const char byte : text) {
    const auto id = ids_[static_cast<unsigned char>(byte)];
    if (!id) {
      ids.resize(size_before);
      return false;
    }
    ids.push_back(*id);
  }
  return true;
}

}  // namespace bv2::engine::tokenizer
