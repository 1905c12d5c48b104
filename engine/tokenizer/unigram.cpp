// The unigram language model (Kudo 2018, arXiv:1804.10959): the most probable cut by Viterbi.
#include <limits>

#include "base/error.h"
#include "base/json.h"
#include "engine/tokenizer/byte_trie.h"
#include "engine/tokenizer/token_model.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

/// How much less probable than the rarest token an unknown character is.
constexpr double unk_penalty = 10.0;

struct ScoredVocabulary {
  Vocabulary tokens;
  std::vector<double> scores;  ///< by id
};

ScoredVocabulary read_scored_vocabulary(const ConfigNode& node) {
  const nlohmann::json& entries = node.json();
  if (!entries.is_array()) node.fail(fmt::format("an array was expected, found {}", entries.type_name()));
  ScoredVocabulary vocabulary;
  vocabulary.tokens.reserve(entries.size());
  for (const auto& entry : entries) {
    const std::size_t id = vocabulary.scores.size();
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      node.fail(fmt::format("entry {} is not a pair of a token and its score", id));
    }
    vocabulary.tokens.add(entry[0].get<std::string>(), static_cast<std::uint32_t>(id));
    vocabulary.scores.push_back(entry[1].get<double>());
  }
  return vocabulary;
}

class Unigram : public TokenModel {
 public:
  explicit Unigram(const ConfigNode& node) : Unigram(node, read_scored_vocabulary(node.at("vocab"))) {}

  [[nodiscard]] std::unique_ptr<PieceEncoder> piece_encoder() const override;

 private:
  class Encoder;

  Unigram(const ConfigNode& node, ScoredVocabulary vocabulary)
      : TokenModel(std::move(vocabulary.tokens)),
        scores_(std::move(vocabulary.scores)),
        bytes_(this->vocabulary()),
        byte_fallback_(node.boolean_or("byte_fallback", false)) {
    if (const auto unk = node.find("unk_id")) {
      unk_id_ = unk->token_id();
      if (*unk_id_ >= scores_.size())
        unk->fail(fmt::format("{} is not in the vocabulary of {}", *unk_id_, scores_.size()));
    }
    double lowest = std::numeric_limits<double>::infinity();
    for (const double score : scores_) lowest = std::min(lowest, score);
    unk_score_ = lowest - unk_penalty;
    std::vector<std::pair<std::string_view, ByteTrie::Value>> entries;
    for (const auto& [token, id] : this->vocabulary().ids()) entries.emplace_back(token, id);
    trie_ = ByteTrie(entries);
  }

  std::vector<double> scores_;
  ByteTokens bytes_;
  bool byte_fallback_;
  std::optional<std::uint32_t> unk_id_;
  double unk_score_ = 0;
  ByteTrie trie_;
};

class Unigram::Encoder : public PieceEncoder {
 public:
  explicit Encoder(const Unigram& model) : model_(model) {}

  void encode(std::string_view piece, std::vector<std::int64_t>& ids) override {
    if (piece.size() >= std::numeric_limits<std::uint32_t>::max())
      fail("a text of {} bytes is too long", piece.size());
    find_best_path(piece);
    collect_tokens(piece);
    for (auto token = tokens_.rbegin(); token != tokens_.rend(); ++token) append_token(*token, ids);
  }

 private:
  static constexpr std::uint32_t unreached = UINT32_MAX;

  /// The best path that ends at a byte.
  struct Step {
    double score = 0;
    std::uint32_t begin = unreached;  ///< where its last token begins
    std::uint32_t id = 0;
  };

  void offer(std::size_t begin, std::size_t end, double score, std::uint32_t id) {
    Step& step = steps_[end];
    if (step.begin != unreached && score <= step.score) return;
    step = {score, static_cast<std::uint32_t>(begin), id};
  }

  void find_best_path(std::string_view piece) {
    steps_.assign(piece.size() + 1, Step{});
    for (std::size_t begin = 0; begin < piece.size();) {
      const double score = steps_[begin].score;
      const std::size_t character_end = begin + code_point_at(piece, begin).length;
      bool covers_character = false;
      ByteTrie::Node node = ByteTrie::root;
      for (std::size_t end = begin; end < piece.size();) {
        node = model_.trie_.child(node, piece[end++]);
        if (node == ByteTrie::none) break;
        const ByteTrie::Value id = model_.trie_.value(node);
        if (id == ByteTrie::no_value) continue;
        offer(begin, end, score + model_.scores_[id], id);
        covers_character = covers_character || end == character_end;
      }
      if (!covers_character) {
        if (!model_.unk_id_)
          fail("the text has {}, which no token covers, and there is no unk_id",
               in_quotes(piece.substr(begin, character_end - begin)));
        offer(begin, character_end, score + model_.unk_score_, *model_.unk_id_);
      }
      begin = character_end;
    }
  }

  /// The tokens of the best path, last first; unknown neighbours are one token.
  void collect_tokens(std::string_view piece) {
    tokens_.clear();
    bool previous_unknown = false;
    for (std::size_t end = piece.size(); end > 0; end = steps_[end].begin) {
      const std::size_t begin = steps_[end].begin;
      const bool unknown = model_.unk_id_ && steps_[end].id == *model_.unk_id_;
      if (unknown && previous_unknown) {
        tokens_.back() = piece.substr(begin, end - begin + tokens_.back().size());
      } else {
        tokens_.push_back(piece.substr(begin, end - begin));
      }
      previous_unknown = unknown;
    }
  }

  void append_token(std::string_view token, std::vector<std::int64_t>& ids) {
    if (const auto id = model_.vocabulary().id_of(token)) {
      ids.push_back(*id);
      return;
    }
    byte_ids_.clear();
    if (model_.byte_fallback_ && model_.bytes_.append(token, byte_ids_)) {
      ids.insert(ids.end(), byte_ids_.begin(), byte_ids_.end());
      return;
    }
    ids.push_back(model_.unk_id_.value());
  }

  const Unigram& model_;
  std::vector<Step> steps_;
  std::vector<std::string_view> tokens_;
  std::vector<std::uint32_t> byte_ids_;
};

std::unique_ptr<PieceEncoder> Unigram::piece_encoder() const { return std::make_unique<Encoder>(*this); }

}  // namespace

std::unique_ptr<TokenModel> make_unigram(const ConfigNode& node) { return std::make_unique<Unigram>(node); }

}  // namespace bv2::engine::tokenizer
