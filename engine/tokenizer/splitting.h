// Cutting pieces of text where something matches, and what becomes of the match.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/config_node.h"
#include "engine/tokenizer/pattern.h"

namespace bv2::engine::tokenizer {

/// A word-to-be: bytes [begin, begin + length) of Pieces::text.
struct Piece {
  std::size_t begin;
  std::size_t length;
  std::size_t origin_bytes;  ///< as NormalizedText::origin_bytes, of this piece
};

/// Text and the pieces it has been cut into; what lies between pieces was removed. No piece is empty.
struct Pieces {
  std::string text;
  std::vector<Piece> pieces;

  [[nodiscard]] std::string_view view(const Piece& piece) const {
    return std::string_view(text).substr(piece.begin, piece.length);
  }
};

/// What becomes of a match. For "the-final--countdown" and '-':
/// removed: the final countdown; isolated: the - final - - countdown; merged_with_previous: the- final- -
/// countdown; merged_with_next: the -final - -countdown; contiguous: the - final -- countdown.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

SplitBehavior split_behavior(const ConfigNode& node);

/// A stretch of a piece, matched or between matches. The spans of a piece cover it in order.
struct Span {
  std::size_t begin;
  std::size_t end;
  bool is_match;
};

/// The spans that `matches` make of `text`.
void cover(std::string_view text, const std::vector<Match>& matches, std::vector<Span>& spans);

/// Joins spans as `behavior` says and drops the ones to be removed.
void apply_behavior(std::vector<Span>& spans, SplitBehavior behavior);

/// Cuts every piece: `find(view, spans)` fills the spans of one.
template <class Find>
void split_pieces(Pieces& pieces, SplitBehavior behavior, const Find& find) {
  std::vector<Piece> out;
  out.reserve(pieces.pieces.size());
  std::vector<Span> spans;
  for (const Piece& piece : pieces.pieces) {
    spans.clear();
    find(pieces.view(piece), spans);
    apply_behavior(spans, behavior);
    for (const Span& span : spans) {
      if (span.begin == span.end) continue;
      const std::size_t origin = piece.origin_bytes - std::min(piece.origin_bytes, span.begin);
      out.push_back(
          {piece.begin + span.begin, span.end - span.begin, std::min(origin, span.end - span.begin)});
    }
  }
  pieces.pieces = std::move(out);
}

}  // namespace bv2::engine::tokenizer
