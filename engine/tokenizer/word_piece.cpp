// WordPiece (Schuster and Nakajima 2012; BERT's): the longest token that fits, again and again.
#include "base/error.h"
#include "engine/tokenizer/byte_trie.h"
#include "engine/tokenizer/token_model.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

class WordPiece : public TokenModel {
 public:
  explicit WordPiece(const ConfigNode& node)
      : TokenModel(Vocabulary(node.at("vocab"))),
        unk_token_(node.text_or("unk_token", "[UNK]")),
        max_characters_(node.count_or("max_input_chars_per_word", 100)) {
    std::vector<std::pair<std::string_view, ByteTrie::Value>> entries;
    for (const auto& [token, id] : vocabulary().ids()) entries.emplace_back(token, id);
    trie_ = ByteTrie(entries);
    continuing_ = trie_.walk(ByteTrie::root, node.text_or("continuing_subword_prefix", "##"));
  }

  [[nodiscard]] std::unique_ptr<PieceEncoder> piece_encoder() const override {
    return std::make_unique<Encoder>(*this);
  }

 private:
  class Encoder : public PieceEncoder {
   public:
    explicit Encoder(const WordPiece& model) : model_(model) {}

    void encode(std::string_view piece, std::vector<std::int64_t>& ids) override {
      const std::size_t size_before = ids.size();
      if (count_code_points(piece) <= model_.max_characters_ && append_tokens(piece, ids)) return;
      ids.resize(size_before);
      const auto id = model_.vocabulary().id_of(model_.unk_token_);
      if (!id)
        fail("the word {} is unknown, and the vocabulary has no {}", in_quotes(piece),
             in_quotes(model_.unk_token_));
      ids.push_back(*id);
    }

   private:
    bool append_tokens(std::string_view word, std::vector<std::int64_t>& ids) const {
      for (std::size_t begin = 0; begin < word.size();) {
        ByteTrie::Node node = begin == 0 ? ByteTrie::root : model_.continuing_;
        std::size_t longest = begin;
        ByteTrie::Value longest_id = ByteTrie::no_value;
        for (std::size_t end = begin; end < word.size() && node != ByteTrie::none;) {
          node = model_.trie_.child(node, word[end++]);
          if (node == ByteTrie::none || model_.trie_.value(node) == ByteTrie::no_value) continue;
          longest = end;
          longest_id = model_.trie_.value(node);
        }
        if (longest == begin) return false;
        ids.push_back(longest_id);
        begin = longest;
      }
      return true;
    }

    const WordPiece& model_;
  };

  std::string unk_token_;
  std::size_t max_characters_;
  ByteTrie trie_;
  ByteTrie::Node continuing_ = ByteTrie::none;  ///< where the trie is after the prefix of continuing tokens
};

}  // namespace

std::unique_ptr<TokenModel> make_word_piece(const ConfigNode& node) {
  return std::make_unique<WordPiece>(node);
}

}  // namespace bv2::engine::tokenizer
