// Tokenizers of Hugging Face's tokenizer.json: text to token ids and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bv2::engine {

/// A tokenizer as its tokenizer.json describes it: added tokens, normalizer, pre-tokenizer, model,
/// post-processor, decoder. It gives the ids that Hugging Face's fast tokenizers give with neither truncation
/// nor padding (which a tokenizer.json may ask for: transformers turns both off unless told, and so they are
/// not done here). Immutable: may be shared by threads. Cheap to copy.
class Tokenizer {
 public:
  /// Throws bv2::Error naming the file, and the place in it, when it cannot be read, is malformed, or has a
  /// component that is not supported.
  static Tokenizer from_file(const std::filesystem::path& path);
  /// `source` names the text in errors.
  static Tokenizer from_json(std::string_view json, std::string_view source);

  /// The ids of a text. Invalid UTF-8 counts as U+FFFD. `add_special_tokens` is about the ones that the
  /// post-processor puts around the text (such as <s>); special tokens spelled out in the text are always
  /// found. Linear in the length of the text. Throws bv2::Error when the text has what the model has no token
  /// for, not even an unknown one.
  [[nodiscard]] std::vector<std::int64_t> encode(std::string_view text, bool add_special_tokens = true) const;

  /// The text of ids, valid UTF-8. Ids that are no token's are passed over.
  [[nodiscard]] std::string decode(std::span<const std::int64_t> ids, bool skip_special_tokens = true) const;

  /// How many tokens there are, added ones included.
  [[nodiscard]] std::int64_t vocab_size() const;
  /// The largest id that encode can give; -1 without tokens. A model's embedding must have this row.
  [[nodiscard]] std::int64_t largest_id() const;

  [[nodiscard]] std::optional<std::int64_t> token_to_id(std::string_view token) const;
  /// The token as the vocabulary spells it ("Ġthe"), not as text.
  [[nodiscard]] std::optional<std::string> id_to_token(std::int64_t id) const;

 private:
  struct Parts;
  explicit Tokenizer(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}

  std::shared_ptr<const Parts> parts_;
};

}  // namespace bv2::engine
