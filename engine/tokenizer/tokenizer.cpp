// The tokenizer's pipeline.
#include "engine/tokenizer/tokenizer.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/tokenizer/added_tokens.h"
#include "engine/tokenizer/decoder.h"
#include "engine/tokenizer/normalizer.h"
#include "engine/tokenizer/post_processor.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/token_model.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine {

using namespace tokenizer;  // NOLINT: the parts that this file puts together

struct Tokenizer::Parts {
  std::unique_ptr<TokenModel> model;
  std::unique_ptr<Normalizer> normalizer;       ///< may be null
  std::unique_ptr<PreTokenizer> pre_tokenizer;  ///< may be null
  std::unique_ptr<TokenDecoder> decoder;        ///< may be null
  SpecialFrame frame;
  AddedTokens added;

  explicit Parts(const ConfigNode& root) : model(make_token_model(root.at("model"))) {
    if (const auto node = root.find("normalizer")) normalizer = make_normalizer(*node);
    if (const auto node = root.find("pre_tokenizer")) pre_tokenizer = make_pre_tokenizer(*node);
    if (const auto node = root.find("post_processor")) frame = read_special_frame(*node);
    if (const auto node = root.find("decoder")) decoder = make_token_decoder(*node);
    if (const auto node = root.find("added_tokens")) {
      added = AddedTokens(*node, model->vocabulary(), normalizer.get());
    }
  }

  /// Appends the ids of text between two added tokens that were found before normalization.
  void encode_raw(std::string_view raw, bool begins_input, PieceEncoder& encoder,
                  std::vector<std::int64_t>& ids) const {
    NormalizedText text{std::string(raw), begins_input ? code_point_at(raw, 0).length : 0};
    if (normalizer) normalizer->normalize(text);
    for (const Segment& segment : added.find_in_normalized(text.text)) {
      if (segment.id) {
        ids.push_back(*segment.id);
        continue;
      }
      const std::size_t length = segment.end - segment.begin;
      const std::size_t origin = text.origin_bytes - std::min(text.origin_bytes, segment.begin);
      encode_normalized({text.text.substr(segment.begin, length), std::min(origin, length)}, encoder, ids);
    }
  }

  void encode_normalized(NormalizedText text, PieceEncoder& encoder, std::vector<std::int64_t>& ids) const {
    const Piece whole{0, text.text.size(), text.origin_bytes};
    Pieces pieces{std::move(text.text), {whole}};
    if (pre_tokenizer) pre_tokenizer->apply(pieces);
    for (const Piece& piece : pieces.pieces) encoder.encode(pieces.view(piece), ids);
  }

  [[nodiscard]] std::optional<std::string_view> token_of(std::int64_t id) const {
    if (id < 0 || id > largest_token_id) return std::nullopt;
    const auto narrow = static_cast<std::uint32_t>(id);
    if (const auto content = added.content_of(narrow)) return content;
    return model->vocabulary().token_of(narrow);
  }
};

Tokenizer Tokenizer::from_file(const std::filesystem::path& path) {
  return from_json(read_file(path), path.string());
}

Tokenizer Tokenizer::from_json(std::string_view json, std::string_view source) {
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(json);
  } catch (const nlohmann::json::parse_error& error) {
    fail("'{}' is not valid JSON (at byte {})", source, error.byte);
  } catch (const nlohmann::json::exception&) {
    fail("'{}' has a number that is out of range", source);
  }
  return Tokenizer(std::make_shared<const Parts>(ConfigNode(document, std::string(source))));
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = to_valid_utf8(text);
    text = repaired;
  }
  std::vector<std::int64_t> ids;
  if (add_special_tokens) ids = parts_->frame.prefix;
  const auto encoder = parts_->model->piece_encoder();
  for (const Segment& segment : parts_->added.find_in_raw(text)) {
    if (segment.id) {
      ids.push_back(*segment.id);
    } else {
      parts_->encode_raw(text.substr(segment.begin, segment.end - segment.begin), segment.begin == 0,
                         *encoder, ids);
    }
  }
  if (add_special_tokens) ids.insert(ids.end(), parts_->frame.suffix.begin(), parts_->frame.suffix.end());
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int64_t> ids, bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  for (const std::int64_t id : ids) {
    const auto token = parts_->token_of(id);
    if (!token || (skip_special_tokens && parts_->added.is_special(*token))) continue;
    tokens.emplace_back(*token);
  }
  if (parts_->decoder) parts_->decoder->decode(tokens);
  std::string text;
  for (const std::string& token : tokens) {
    if (!parts_->decoder && !text.empty()) text += ' ';
    text += token;
  }
  return text;
}

std::int64_t Tokenizer::vocab_size() const {
  const Vocabulary& vocabulary = parts_->model->vocabulary();
  return static_cast<std::int64_t>(vocabulary.size() + parts_->added.count_beyond(vocabulary));
}

std::int64_t Tokenizer::largest_id() const {
  std::int64_t largest = -1;
  for (const auto& [token, id] : parts_->model->vocabulary().ids())
    largest = std::max<std::int64_t>(largest, id);
  for (const auto* ids : {&parts_->frame.prefix, &parts_->frame.suffix}) {
    for (const std::int64_t id : *ids) largest = std::max(largest, id);
  }
  if (const auto added = parts_->added.largest_id()) largest = std::max<std::int64_t>(largest, *added);
  return largest;
}

std::optional<std::int64_t> Tokenizer::token_to_id(std::string_view token) const {
  if (const auto id = parts_->added.id_of(token)) return *id;
  if (const auto id = parts_->model->vocabulary().id_of(token)) return *id;
  return std::nullopt;
}

std::optional<std::string> Tokenizer::id_to_token(std::int64_t id) const {
  const auto token = parts_->token_of(id);
  if (!token) return std::nullopt;
  return std::string(*token);
}

}  // namespace bv2::engine
