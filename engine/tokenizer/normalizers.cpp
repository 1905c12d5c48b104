// The small normalizers and the table of all.
#include "engine/tokenizer/normalizer.h"

#include <vector>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/pattern.h"

namespace bv2::engine::tokenizer {

namespace {

class Lowercase : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override { rewrite_characters(text, append_lower_case); }
};

class StripAccents : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    rewrite_characters(text, [](std::string& out, char32_t value) {
      if (!is_mark(value)) append_utf8(out, value);
    });
  }
};

/// The clean-up of sentencepiece's nmt rules: control characters go, odd spaces become spaces.
class Nmt : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    rewrite_characters(text, [](std::string& out, char32_t value) {
      if (!is_removed(value)) append_utf8(out, is_space(value) ? U' ' : value);
    });
  }

 private:
  static bool is_removed(char32_t value) {
    return (value >= 0x01 && value <= 0x08) || value == 0x0b || (value >= 0x0e && value <= 0x1f) ||
           value == 0x7f || value == 0x8f || value == 0x9f;
  }
  static bool is_space(char32_t value) {
    return value == 0x09 || value == 0x0a || value == 0x0c || value == 0x0d || value == 0x1680 ||
           (value >= 0x200b && value <= 0x200f) || value == 0x2028 || value == 0x2029 || value == 0x2581 ||
           value == 0xfeff || value == 0xfffd;
  }
};

class Strip : public Normalizer {
 public:
  explicit Strip(const ConfigNode& node)
      : left_(node.at("strip_left").boolean()), right_(node.at("strip_right").boolean()) {}

  void normalize(NormalizedText& text) const override {
    std::size_t begin = 0;
    std::size_t end = text.text.size();
    while (left_ && begin < end) {
      const CodePoint point = code_point_at(text.text, begin);
      if (!is_white_space(point.value)) break;
      begin += point.length;
    }
    while (right_ && begin < end) {
      const CodePoint point = code_point_before(text.text, end);
      if (!is_white_space(point.value)) break;
      end -= point.length;
    }
    text.text = text.text.substr(begin, end - begin);
    text.origin_bytes -= std::min(text.origin_bytes, begin);
  }

 private:
  bool left_;
  bool right_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(const ConfigNode& node) : prefix_(node.at("prepend").text()) {}

  void normalize(NormalizedText& text) const override {
    if (text.text.empty()) return;
    text.text.insert(0, prefix_);
    if (text.origin_bytes > 0) text.origin_bytes += prefix_.size();
  }

 private:
  std::string prefix_;
};

class Replace : public Normalizer {
 public:
  explicit Replace(const ConfigNode& node)
      : pattern_(node.at("pattern")), content_(node.at("content").text()) {}

  void normalize(NormalizedText& text) const override {
    std::vector<Match> matches;
    pattern_.find_all(text.text, matches);
    if (matches.empty()) return;
    std::string out;
    out.reserve(text.text.size());
    std::size_t origin = 0;
    std::size_t position = 0;
    const auto keep_until = [&](std::size_t end) {
      if (position < text.origin_bytes) origin = out.size() + std::min(end, text.origin_bytes) - position;
      out.append(text.text, position, end - position);
    };
    for (const Match& match : matches) {
      keep_until(match.begin);
      out += content_;
      if (match.end <= text.origin_bytes) origin = out.size();
      position = match.end;
    }
    keep_until(text.text.size());
    text = {std::move(out), origin};
  }

 private:
  Pattern pattern_;
  std::string content_;
};

class ByteLevel : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    std::string out;
    out.reserve(text.text.size());
    alphabet_.append_characters(out, std::string_view(text.text).substr(0, text.origin_bytes));
    const std::size_t origin = out.size();
    alphabet_.append_characters(out, std::string_view(text.text).substr(text.origin_bytes));
    text = {std::move(out), origin};
  }

 private:
  ByteAlphabet alphabet_;
};

class Sequence : public Normalizer {
 public:
  explicit Sequence(const ConfigNode& node) {
    for (const ConfigNode& element : node.at("normalizers").elements())
      steps_.push_back(make_normalizer(element));
  }

  void normalize(NormalizedText& text) const override {
    for (const auto& step : steps_) step->normalize(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

template <class T>
std::unique_ptr<Normalizer> make(const ConfigNode&) {
  return std::make_unique<T>();
}

template <class T>
std::unique_ptr<Normalizer> make_from(const ConfigNode& node) {
  return std::make_unique<T>(node);
}

constexpr ComponentFactory<Normalizer> normalizer_table[] = {
    {"BertNormalizer", make_bert_normalizer},
    {"ByteLevel", make<ByteLevel>},
    {"Lowercase", make<Lowercase>},
    {"NFC", make_nfc},
    {"NFD", make_nfd},
    {"NFKC", make_nfkc},
    {"NFKD", make_nfkd},
    {"Nmt", make<Nmt>},
    {"Precompiled", make_precompiled},
    {"Prepend", make_from<Prepend>},
    {"Replace", make_from<Replace>},
    {"Sequence", make_from<Sequence>},
    {"Strip", make_from<Strip>},
    {"StripAccents", make<StripAccents>},
};

}  // namespace

std::unique_ptr<Normalizer> make_normalizer(const ConfigNode& node) {
  return make_component<Normalizer>(node, "normalizer", normalizer_table);
}

}  // namespace bv2::engine::tokenizer
