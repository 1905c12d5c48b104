// BERT's clean-up: control characters, spaces around Chinese characters, accents, case.
#include "engine/tokenizer/normalizer.h"

namespace bv2::engine::tokenizer {

namespace {

/// The CJK ideograph blocks, as BERT's published tokenization lists them.
bool is_chinese(char32_t value) {
  return (value >= 0x4e00 && value <= 0x9fff) || (value >= 0x3400 && value <= 0x4dbf) ||
         (value >= 0x20000 && value <= 0x2a6df) || (value >= 0x2a700 && value <= 0x2b73f) ||
         (value >= 0x2b740 && value <= 0x2b81f) || (value >= 0x2b920 && value <= 0x2ceaf) ||
         (value >= 0xf900 && value <= 0xfaff) || (value >= 0x2f800 && value <= 0x2fa1f);
}

void append_clean(std::string& out, char32_t value) {
  const bool blank = value == '\t' || value == '\n' || value == '\r';
  if (!blank && (value == 0 || value == 0xfffd || is_other(value))) return;
  append_utf8(out, is_white_space(value) ? U' ' : value);
}

void append_spaced(std::string& out, char32_t value) {
  const bool chinese = is_chinese(value);
  if (chinese) out += ' ';
  append_utf8(out, value);
  if (chinese) out += ' ';
}

class BertNormalizer : public Normalizer {
 public:
  explicit BertNormalizer(const ConfigNode& node)
      : clean_text_(node.at("clean_text").boolean()),
        handle_chinese_chars_(node.at("handle_chinese_chars").boolean()),
        lowercase_(node.at("lowercase").boolean()),
        strip_accents_(node.boolean_or("strip_accents", lowercase_)) {}

  void normalize(NormalizedText& text) const override {
    if (clean_text_) rewrite_characters(text, append_clean);
    if (handle_chinese_chars_) rewrite_characters(text, append_spaced);
    if (strip_accents_) strip_accents(text);
    if (lowercase_) rewrite_characters(text, append_lower_case);
  }

 private:
  static void strip_accents(NormalizedText& text) {
    std::string origin;
    append_nfd(origin, std::string_view(text.text).substr(0, text.origin_bytes));
    std::string decomposed;
    append_nfd(decomposed, text.text);
    text = {std::move(decomposed), origin.size()};
    rewrite_characters(text, [](std::string& out, char32_t value) {
      if (!is_nonspacing_mark(value)) append_utf8(out, value);
    });
  }

  bool clean_text_;
  bool handle_chinese_chars_;
  bool lowercase_;
  bool strip_accents_;
};

}  // namespace

std::unique_ptr<Normalizer> make_bert_normalizer(const ConfigNode& node) {
  return std::make_unique<BertNormalizer>(node);
}

}  // namespace bv2::engine::tokenizer
