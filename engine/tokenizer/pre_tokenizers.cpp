// The pre-tokenizers that only cut, and the table of all.
#include "engine/tokenizer/pre_tokenizer.h"

#include <fmt/format.h>

#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

/// Spans where each character that `is_match` accepts is a match of its own.
template <class IsMatch>
auto each_character(IsMatch is_match) {
  return [is_match](std::string_view text, std::vector<Span>& spans) {
    std::size_t unmatched = 0;
    for (std::size_t position = 0; position < text.size();) {
      const CodePoint point = code_point_at(text, position);
      const std::size_t end = position + point.length;
      if (is_match(point.value)) {
        if (unmatched < position) spans.push_back({unmatched, position, false});
        spans.push_back({position, end, true});
        unmatched = end;
      }
      position = end;
    }
    if (unmatched < text.size()) spans.push_back({unmatched, text.size(), false});
  };
}

class Split : public PreTokenizer {
 public:
  explicit Split(const ConfigNode& node)
      : pattern_(node.at("pattern")),
        behavior_(split_behavior(node.at("behavior"))),
        invert_(node.boolean_or("invert", false)) {}

  void apply(Pieces& pieces) const override {
    std::vector<Match> matches;
    split_pieces(pieces, behavior_, [&](std::string_view text, std::vector<Span>& spans) {
      pattern_.find_all(text, matches);
      cover(text, matches, spans);
      if (!invert_) return;
      for (Span& span : spans) span.is_match = !span.is_match;
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class Digits : public PreTokenizer {
 public:
  explicit Digits(const ConfigNode& node) : individual_(node.at("individual_digits").boolean()) {}

  void apply(Pieces& pieces) const override {
    split_pieces(pieces, individual_ ? SplitBehavior::isolated : SplitBehavior::contiguous,
                 each_character(is_numeric));
  }

 private:
  bool individual_;
};

class Punctuation : public PreTokenizer {
 public:
  explicit Punctuation(const ConfigNode& node) {
    if (const auto behavior = node.find("behavior")) behavior_ = split_behavior(*behavior);
  }

  void apply(Pieces& pieces) const override {
    split_pieces(pieces, behavior_, each_character(is_punctuation));
  }

 private:
  SplitBehavior behavior_ = SplitBehavior::isolated;
};

class CharDelimiterSplit : public PreTokenizer {
 public:
  explicit CharDelimiterSplit(const ConfigNode& node)
      : delimiter_(code_point_at(node.at("delimiter").character(), 0).value) {}

  void apply(Pieces& pieces) const override {
    split_pieces(pieces, SplitBehavior::removed,
                 each_character([this](char32_t value) { return value == delimiter_; }));
  }

 private:
  char32_t delimiter_;
};

class WhitespaceSplit : public PreTokenizer {
 public:
  void apply(Pieces& pieces) const override {
    split_pieces(pieces, SplitBehavior::removed, each_character(is_white_space));
  }
};

class BertPreTokenizer : public PreTokenizer {
 public:
  void apply(Pieces& pieces) const override {
    split_pieces(pieces, SplitBehavior::removed, each_character(is_white_space));
    split_pieces(pieces, SplitBehavior::isolated, each_character(is_punctuation));
  }
};

/// Runs of word characters and runs of what is neither word nor space: \w+|[^\w\s]+.
class Whitespace : public PreTokenizer {
 public:
  void apply(Pieces& pieces) const override {
    split_pieces(pieces, SplitBehavior::removed, [](std::string_view text, std::vector<Span>& spans) {
      Kind run_kind = Kind::space;
      std::size_t run_begin = 0;
      const auto end_run = [&](std::size_t end) {
        if (run_begin < end) spans.push_back({run_begin, end, run_kind == Kind::space});
        run_begin = end;
      };
      for (std::size_t position = 0; position < text.size();) {
        const CodePoint point = code_point_at(text, position);
        const Kind kind = kind_of(point.value);
        if (kind != run_kind) end_run(position);
        run_kind = kind;
        position += point.length;
      }
      end_run(text.size());
    });
  }

 private:
  enum class Kind { space, word, other };

  static Kind kind_of(char32_t value) {
    if (is_word(value)) return Kind::word;
    return is_white_space(value) ? Kind::space : Kind::other;
  }
};

class FixedLength : public PreTokenizer {
 public:
  explicit FixedLength(const ConfigNode& node) : length_(node.count_or("length", 5)) {
    if (length_ == 0) node.fail("the length must be at least 1");
  }

  void apply(Pieces& pieces) const override {
    split_pieces(pieces, SplitBehavior::isolated, [this](std::string_view text, std::vector<Span>& spans) {
      std::size_t begin = 0;
      std::size_t characters = 0;
      for (std::size_t position = 0; position < text.size();) {
        position += code_point_at(text, position).length;
        if (++characters < length_ && position < text.size()) continue;
        spans.push_back({begin, position, false});
        begin = position;
        characters = 0;
      }
    });
  }

 private:
  std::size_t length_;
};

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(const ConfigNode& node) {
    for (const ConfigNode& element : node.at("pretokenizers").elements())
      steps_.push_back(make_pre_tokenizer(element));
  }

  void apply(Pieces& pieces) const override {
    for (const auto& step : steps_) step->apply(pieces);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

template <class T>
std::unique_ptr<PreTokenizer> make(const ConfigNode&) {
  return std::make_unique<T>();
}

template <class T>
std::unique_ptr<PreTokenizer> make_from(const ConfigNode& node) {
  return std::make_unique<T>(node);
}

constexpr ComponentFactory<PreTokenizer> pre_tokenizer_table[] = {
    {"BertPreTokenizer", make<BertPreTokenizer>},
    {"ByteLevel", make_byte_level},
    {"CharDelimiterSplit", make_from<CharDelimiterSplit>},
    {"Digits", make_from<Digits>},
    {"FixedLength", make_from<FixedLength>},
    {"Metaspace", make_metaspace},
    {"Punctuation", make_from<Punctuation>},
    {"Sequence", make_from<Sequence>},
    {"Split", make_from<Split>},
    {"Whitespace", make<Whitespace>},
    {"WhitespaceSplit", make<WhitespaceSplit>},
};

}  // namespace

std::unique_ptr<PreTokenizer> make_pre_tokenizer(const ConfigNode& node) {
  return make_component<PreTokenizer>(node, "pre-tokenizer", pre_tokenizer_table);
}

}  // namespace bv2::engine::tokenizer
