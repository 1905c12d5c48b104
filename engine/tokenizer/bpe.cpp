// Byte pair encoding (Sennrich et al. 2016, arXiv:1508.07909), byte-level and SentencePiece-style.
#include <limits>

#include "base/error.h"
#include "base/json.h"
#include "engine/tokenizer/merge_table.h"
#include "engine/tokenizer/token_model.h"
#include "engine/tokenizer/unicode.h"
#include "engine/tokenizer/word_merger.h"

namespace bv2::engine::tokenizer {

namespace {

struct TokenPair {
  std::string_view left;
  std::string_view right;
};

/// A merge is "left right" or ["left", "right"].
TokenPair token_pair(const ConfigNode& node, std::size_t index, const nlohmann::json& merge) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return {merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>()};
  }
  if (merge.is_string()) {
    const std::string_view text = merge.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space != std::string_view::npos && text.find(' ', space + 1) == std::string_view::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  node.fail(fmt::format("merge {} is not a pair of tokens", index));
}

bool is_version_line(const nlohmann::json& merge) {
  return merge.is_string() && merge.get_ref<const std::string&>().starts_with("#version");
}

MergeTable read_merges(const ConfigNode& node, const Vocabulary& vocabulary, std::size_t prefix_bytes) {
  const nlohmann::json& merges = node.json();
  if (!merges.is_array()) node.fail(fmt::format("an array was expected, found {}", merges.type_name()));
  MergeTable table(merges.size());
  const auto id_of = [&](std::size_t index, std::string_view token) {
    const auto id = vocabulary.id_of(token);
    if (!id)
      node.fail(
          fmt::format("merge {} has the token {}, which is not in the vocabulary", index, in_quotes(token)));
    return *id;
  };
  std::uint32_t rank = 0;
  std::string merged;
  for (std::size_t index = 0; index < merges.size(); ++index) {
    if (is_version_line(merges[index])) continue;
    const auto [left, right] = token_pair(node, index, merges[index]);
    if (right.size() < prefix_bytes)
      node.fail(fmt::format("merge {} lacks the prefix of continuing subwords", index));
    const std::uint32_t left_id = id_of(index, left);
    const std::uint32_t right_id = id_of(index, right);
    merged.assign(left).append(right.substr(prefix_bytes));
    table.insert(left_id, right_id, {rank++, id_of(index, merged)});
  }
  return table;
}

class Bpe : public TokenModel {
 public:
  explicit Bpe(const ConfigNode& node)
      : TokenModel(Vocabulary(node.at("vocab"))),
        continuing_prefix_(node.text_or("continuing_subword_prefix", "")),
        end_of_word_suffix_(node.text_or("end_of_word_suffix", "")),
        merges_(read_merges(node.at("merges"), vocabulary(), continuing_prefix_.size())),
        bytes_(vocabulary()),
        fuse_unk_(node.boolean_or("fuse_unk", false)),
        byte_fallback_(node.boolean_or("byte_fallback", false)),
        ignore_merges_(node.boolean_or("ignore_merges", false)) {
    if (const auto unk = node.find("unk_token")) unk_token_ = unk->text();
    const auto dropout = node.find("dropout");
    if (dropout && (!dropout->json().is_number() || dropout->json().get<double>() != 0)) {
      dropout->fail("merges that are dropped at random are not supported: set it to null");
    }
    fill_character_table();
  }

  [[nodiscard]] std::unique_ptr<PieceEncoder> piece_encoder() const override;

 private:
  class Encoder;

  void fill_character_table() {
    std::string character;
    for (char32_t value = 0; value < character_table_size; ++value) {
      character.clear();
      append_utf8(character, value);
      character_ids_.push_back(vocabulary().id_of(character));
    }
  }

  /// The id of one character of a word, with the marks that its place asks for.
  [[nodiscard]] std::optional<std::uint32_t> character_id(char32_t value, std::string_view spelled) const {
    if (value < character_table_size && spelled.size() <= 2) return character_ids_[value];
    return vocabulary().id_of(spelled);
  }

  static constexpr char32_t character_table_size = 0x800;  ///< all of the byte-level alphabet

  std::string continuing_prefix_;
  std::string end_of_word_suffix_;
  MergeTable merges_;
  ByteTokens bytes_;
  std::optional<std::string> unk_token_;
  bool fuse_unk_;
  bool byte_fallback_;
  bool ignore_merges_;
  std::vector<std::optional<std::uint32_t>> character_ids_;
};

class Bpe::Encoder : public PieceEncoder {
 public:
  explicit Encoder(const Bpe& model) : model_(model), merger_(model.merges_) {}

  void encode(std::string_view piece, std::vector<std::int64_t>& ids) override {
    if (piece.size() > std::numeric_limits<std::int32_t>::max())
      fail("a word of {} bytes is too long", piece.size());
    if (piece.size() > longest_cached_word) {
      encode_word(piece);
      ids.insert(ids.end(), symbols_.begin(), symbols_.end());
      return;
    }
    auto cached = cache_.find(piece);
    if (cached == cache_.end()) {
      if (cache_.size() >= most_cached_words) {
        cache_.clear();
        cached_ids_.clear();
      }
      encode_word(piece);
      cached = cache_.emplace(piece, CachedWord{cached_ids_.size(), symbols_.size()}).first;
      cached_ids_.insert(cached_ids_.end(), symbols_.begin(), symbols_.end());
    }
    const auto begin = cached_ids_.begin() + static_cast<std::ptrdiff_t>(cached->second.begin);
    ids.insert(ids.end(), begin, begin + static_cast<std::ptrdiff_t>(cached->second.count));
  }

 private:
  struct CachedWord {
    std::size_t begin;
    std::size_t count;
  };
  static constexpr std::size_t longest_cached_word = 128;
  static constexpr std::size_t most_cached_words = 1 << 17;

  /// Leaves the ids of a word in symbols_.
  void encode_word(std::string_view word) {
    symbols_.clear();
    if (model_.ignore_merges_) {
      if (const auto id = model_.vocabulary().id_of(word)) {
        symbols_.push_back(*id);
        return;
      }
    }
    pending_unk_ = false;
    for (std::size_t position = 0; position < word.size();) {
      const CodePoint point = code_point_at(word, position);
      const std::size_t end = position + point.length;
      add_character(point.value, spell(word, position, end));
      position = end;
    }
    flush_unk();
    merger_.merge(symbols_);
  }

  std::string_view spell(std::string_view word, std::size_t begin, std::size_t end) {
    const bool prefixed = begin > 0 && !model_.continuing_prefix_.empty();
    const bool suffixed = end == word.size() && !model_.end_of_word_suffix_.empty();
    if (!prefixed && !suffixed) return word.substr(begin, end - begin);
    spelled_.clear();
    if (prefixed) spelled_ += model_.continuing_prefix_;
    spelled_ += word.substr(begin, end - begin);
    if (suffixed) spelled_ += model_.end_of_word_suffix_;
    return spelled_;
  }

  void add_character(char32_t value, std::string_view spelled) {
    if (const auto id = model_.character_id(value, spelled)) {
      flush_unk();
      symbols_.push_back(*id);
      return;
    }
    // A pending unknown stays pending over bytes, as in the reference.
    if (model_.byte_fallback_ && model_.bytes_.append(spelled, symbols_)) return;
    if (!model_.unk_token_) return;  // without an unknown token the character is lost
    if (!model_.fuse_unk_) flush_unk();
    pending_unk_ = true;
  }

  void flush_unk() {
    if (!pending_unk_) return;
    const auto id = model_.vocabulary().id_of(*model_.unk_token_);
    if (!id)
      fail("the text has an unknown character, and the vocabulary has no {}", in_quotes(*model_.unk_token_));
    symbols_.push_back(*id);
    pending_unk_ = false;
  }

  const Bpe& model_;
  WordMerger merger_;
  std::vector<std::uint32_t> symbols_;
  std::string spelled_;
  bool pending_unk_ = false;
  StringMap<CachedWord> cache_;
  std::vector<std::uint32_t> cached_ids_;
};

std::unique_ptr<PieceEncoder> Bpe::piece_encoder() const { return std::make_unique<Encoder>(*this); }

}  // namespace

std::unique_ptr<TokenModel> make_bpe(const ConfigNode& node) { return std::make_unique<Bpe>(node); }

}  // namespace bv2::engine::tokenizer
