// What Split and Replace search for: a literal string or a regular expression.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

/// A match: bytes [begin, end) of the text.
struct Match {
  std::size_t begin;
  std::size_t end;
};

/// Immutable; find_all may run in any number of threads.
class Pattern {
 public:
  /// {"String": "..."} or {"Regex": "..."}. An empty literal and a pattern that does not compile are refused.
  explicit Pattern(const ConfigNode& node);
  /// A regular expression in Oniguruma's syntax. Throws bv2::Error.
  explicit Pattern(std::string_view regex);

  /// Replaces `matches` by all matches in `text` (valid UTF-8), left to right, not overlapping; an empty
  /// match directly after a match does not count. Throws bv2::Error when the search exceeds its limits.
  void find_all(std::string_view text, std::vector<Match>& matches) const;

 private:
  class Regex;
  std::string literal_;
  std::shared_ptr<const Regex> regex_;
};

}  // namespace bv2::engine::tokenizer
