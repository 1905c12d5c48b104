// Named sets of characters of Oniguruma patterns (\w, \p{Letter}, [:alpha:]) in PCRE2's terms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bv2::engine::tokenizer {

/// What goes between the brackets of a PCRE2 class, and whether the set is its complement.
struct CharacterSet {
  std::string items;
  bool negated = false;
};

/// The set of \s \S \w \W \d \D \h \H, if `letter` is one of them.
std::optional<CharacterSet> shorthand_set(char letter);

/// The items of [:name:], if the name is known.
std::optional<std::string> posix_items(std::string_view name);

/// The items of \p{name}: general categories by short or long name, POSIX names, scripts, binary properties.
/// Throws bv2::Error when the name has a character that no property name has.
std::string property_items(std::string_view name);

}  // namespace bv2::engine::tokenizer
