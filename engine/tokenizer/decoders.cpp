// The decoders and their table.
#include "engine/tokenizer/decoder.h"

#include <array>

#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/metaspace_scheme.h"
#include "engine/tokenizer/pattern.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  std::size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string out;
  std::size_t position = 0;
  for (; at != std::string::npos; at = text.find(from, position)) {
    out.append(text, position, at - position).append(to);
    position = at + from.size();
  }
  text = out.append(text, position);
}

std::string joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

class ByteLevel : public TokenDecoder {
 public:
  /// A token that is not in the byte-level alphabet (an added one) stands for itself.
  void decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) {
      if (!alphabet_.append_bytes(bytes, token)) bytes += token;
    }
    tokens = {to_valid_utf8(bytes)};
  }

 private:
  ByteAlphabet alphabet_;
};

class Metaspace : public TokenDecoder {
 public:
  explicit Metaspace(const ConfigNode& node) : scheme_(metaspace_scheme(node)) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool drops = i == 0 && scheme_.prepend != PrependScheme::never;
      replace_all(tokens[i], scheme_.replacement, drops ? "" : " ");
    }
  }

 private:
  MetaspaceScheme scheme_;
};

class WordPiece : public TokenDecoder {
 public:
  explicit WordPiece(const ConfigNode& node)
      : prefix_(node.at("prefix").text()), cleanup_(node.at("cleanup").boolean()) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      std::string& token = tokens[i];
      if (i > 0 && token.starts_with(prefix_)) {
        token.erase(0, prefix_.size());
      } else if (i > 0) {
        token.insert(0, " ");
      }
      if (cleanup_) clean_up(token);
    }
  }

 private:
  /// The spaces that BERT's English tokenization puts in, taken out again, in this order.
  static void clean_up(std::string& token) {
    constexpr std::array<std::array<std::string_view, 2>, 11> rules = {{{" .", "."},
                                                                        {" ?", "?"},
                                                                        {" !", "!"},
                                                                        {" ,", ","},
                                                                        {" ' ", "'"},
                                                                        {" n't", "n't"},
                                                                        {" 'm", "'m"},
                                                                        {" do not", " don't"},
                                                                        {" 's", "'s"},
                                                                        {" 've", "'ve"},
                                                                        {" 're", "'re"}}};
    for (const auto& [from, to] : rules) replace_all(token, from, to);
  }

  std::string prefix_;
  bool cleanup_;
};

/// Runs of tokens <0x00> to <0xFF> become the text that they spell, or one U+FFFD each when it is none.
class ByteFallback : public TokenDecoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    const auto flush = [&] {
      if (bytes.empty()) return;
      if (is_valid_utf8(bytes)) {
        out.push_back(bytes);
      } else {
        out.insert(out.end(), bytes.size(), "\ufffd");
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const auto byte = byte_of(token)) {
        bytes.push_back(*byte);
      } else {
        flush();
        out.push_back(std::move(token));
      }
    }
    flush();
    tokens = std::move(out);
  }

 private:
  static std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
    constexpr std::string_view digits = "0123456789abcdef";
    unsigned value = 0;
    for (const char digit : token.substr(3, 2)) {
      const char lower = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + 0x20) : digit;
      const std::size_t index = digits.find(lower);
      if (index == std::string_view::npos) return std::nullopt;
      value = value * 16 + static_cast<unsigned>(index);
    }
    return static_cast<char>(value);
  }
};

class Fuse : public TokenDecoder {
 public:
  void decode(std::vector<std::string>& tokens) const override { tokens = {joined(tokens)}; }
};

class Strip : public TokenDecoder {
 public:
  explicit Strip(const ConfigNode& node)
      : content_(node.at("content").character()),
        at_start_(node.at("start").count()),
        at_stop_(node.at("stop").count()) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view view = token;
      for (std::size_t i = 0; i < at_start_ && view.starts_with(content_); ++i)
        view.remove_prefix(content_.size());
      for (std::size_t i = 0; i < at_stop_ && view.ends_with(content_); ++i)
        view.remove_suffix(content_.size());
      token = std::string(view);
    }
  }

 private:
  std::string content_;
  std::size_t at_start_;
  std::size_t at_stop_;
};

class Replace : public TokenDecoder {
 public:
  explicit Replace(const ConfigNode& node)
      : pattern_(node.at("pattern")), content_(node.at("content").text()) {}

  void decode(std::vector<std::string>& tokens) const override {
    std::vector<Match> matches;
    for (std::string& token : tokens) {
      pattern_.find_all(token, matches);
      if (matches.empty()) continue;
      std::string out;
      std::size_t position = 0;
      for (const Match& match : matches) {
        out.append(token, position, match.begin - position).append(content_);
        position = match.end;
      }
      token = out.append(token, position);
    }
  }

 private:
  Pattern pattern_;
  std::string content_;
};

/// Tokens that end a word carry a suffix, which is the space behind it.
class BpeDecoder : public TokenDecoder {
 public:
  explicit BpeDecoder(const ConfigNode& node) : suffix_(node.at("suffix").text()) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      replace_all(tokens[i], suffix_, i + 1 < tokens.size() ? " " : "");
  }

 private:
  std::string suffix_;
};

class Sequence : public TokenDecoder {
 public:
  explicit Sequence(const ConfigNode& node) {
    for (const ConfigNode& element : node.at("decoders").elements())
      steps_.push_back(make_token_decoder(element));
  }

  void decode(std::vector<std::string>& tokens) const override {
    for (const auto& step : steps_) step->decode(tokens);
  }

 private:
  std::vector<std::unique_ptr<TokenDecoder>> steps_;
};

template <class T>
std::unique_ptr<TokenDecoder> make(const ConfigNode&) {
  return std::make_unique<T>();
}

template <class T>
std::unique_ptr<TokenDecoder> make_from(const ConfigNode& node) {
  return std::make_unique<T>(node);
}

constexpr ComponentFactory<TokenDecoder> decoder_table[] = {
    {"BPEDecoder", make_from<BpeDecoder>}, {"ByteFallback", make<ByteFallback>},
    {"ByteLevel", make<ByteLevel>},        {"Fuse", make<Fuse>},
    {"Metaspace", make_from<Metaspace>},   {"Replace", make_from<Replace>},
    {"Sequence", make_from<Sequence>},     {"Strip", make_from<Strip>},
    {"WordPiece", make_from<WordPiece>},
};

}  // namespace

std::unique_ptr<TokenDecoder> make_token_decoder(const ConfigNode& node) {
  return make_component<TokenDecoder>(node, "decoder", decoder_table);
}

}  // namespace bv2::engine::tokenizer
