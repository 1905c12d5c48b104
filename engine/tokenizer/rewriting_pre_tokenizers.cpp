// ByteLevel and Metaspace: the pre-tokenizers that rewrite the text.
#include "engine/tokenizer/byte_alphabet.h"
#include "engine/tokenizer/metaspace_scheme.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

/// GPT-2's pattern, as Hugging Face tokenizers has it.
constexpr std::string_view gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

/// Rewrites each piece: `rewrite(out, piece)` appends the new text of a piece.
template <class Rewrite>
void rewrite_pieces(Pieces& pieces, const Rewrite& rewrite) {
  std::string out;
  out.reserve(pieces.text.size() + pieces.text.size() / 4);
  for (Piece& piece : pieces.pieces) {
    const std::size_t begin = out.size();
    rewrite(out, piece);
    piece.begin = begin;
    piece.length = out.size() - begin;
  }
  pieces.text = std::move(out);
}

class ByteLevel : public PreTokenizer {
 public:
  explicit ByteLevel(const ConfigNode& node) : add_prefix_space_(node.at("add_prefix_space").boolean()) {
    if (node.boolean_or("use_regex", true)) pattern_.emplace(gpt2_pattern);
  }

  void apply(Pieces& pieces) const override {
    if (add_prefix_space_) add_prefix_spaces(pieces);
    if (pattern_) {
      std::vector<Match> matches;
      split_pieces(pieces, SplitBehavior::isolated, [&](std::string_view text, std::vector<Span>& spans) {
        pattern_->find_all(text, matches);
        cover(text, matches, spans);
      });
    }
    rewrite_pieces(pieces, [&](std::string& out, Piece& piece) {
      const std::string_view view = pieces.view(piece);
      const std::size_t begin = out.size();
      alphabet_.append_characters(out, view.substr(0, piece.origin_bytes));
      const std::size_t origin = out.size() - begin;
      alphabet_.append_characters(out, view.substr(piece.origin_bytes));
      piece.origin_bytes = origin;
    });
  }

 private:
  static void add_prefix_spaces(Pieces& pieces) {
    rewrite_pieces(pieces, [&](std::string& out, Piece& piece) {
      const std::string_view view = pieces.view(piece);
      if (!view.starts_with(' ')) {
        out += ' ';
        if (piece.origin_bytes > 0) ++piece.origin_bytes;
      }
      out += view;
    });
  }

  ByteAlphabet alphabet_;
  bool add_prefix_space_;
  std::optional<Pattern> pattern_;
};

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(const ConfigNode& node)
      : scheme_(metaspace_scheme(node)), mark_(code_point_at(scheme_.replacement, 0).value) {}

  void apply(Pieces& pieces) const override {
    rewrite_pieces(pieces,
                   [&](std::string& out, Piece& piece) { mark_spaces(out, pieces.view(piece), piece); });
    if (!scheme_.split) return;
    split_pieces(pieces, SplitBehavior::merged_with_next,
                 [&](std::string_view text, std::vector<Span>& spans) {
                   std::size_t position = 0;
                   for (std::size_t mark = text.find(scheme_.replacement); mark != std::string_view::npos;
                        mark = text.find(scheme_.replacement, position)) {
                     if (position < mark) spans.push_back({position, mark, false});
                     position = mark + scheme_.replacement.size();
                     spans.push_back({mark, position, true});
                   }
                   if (position < text.size()) spans.push_back({position, text.size(), false});
                 });
  }

 private:
  void mark_spaces(std::string& out, std::string_view text, Piece& piece) const {
    const std::size_t begin = out.size();
    const bool marked = text.starts_with(' ') || code_point_at(text, 0).value == mark_;
    const bool prepend = scheme_.prepend == PrependScheme::always ||
                         (scheme_.prepend == PrependScheme::first && piece.origin_bytes > 0);
    if (prepend && !marked) out += scheme_.replacement;
    std::size_t origin = 0;
    for (std::size_t position = 0; position < text.size(); ++position) {
      if (text[position] == ' ') {
        out += scheme_.replacement;
      } else {
        out += text[position];
      }
      if (position < piece.origin_bytes) origin = out.size() - begin;
    }
    piece.origin_bytes = origin;
  }

  MetaspaceScheme scheme_;
  char32_t mark_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_byte_level(const ConfigNode& node) {
  return std::make_unique<ByteLevel>(node);
}

std::unique_ptr<PreTokenizer> make_metaspace(const ConfigNode& node) {
  return std::make_unique<Metaspace>(node);
}

}  // namespace bv2::engine::tokenizer
