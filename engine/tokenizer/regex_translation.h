// Patterns as tokenizer.json has them (Oniguruma, Ruby syntax) rewritten so that they mean the same in PCRE2.
#pragma once

#include <string>
#include <string_view>

namespace bv2::engine::tokenizer {

/// The PCRE2 pattern (for PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, newline = LF) that matches what
/// `oniguruma` matches. What differs and is rewritten: \s \S \w \W \b \B \h \v \N \O \u, POSIX names, \p
/// names (long ones, scripts), nested classes and &&, ranges of {n,m}+ {n}? {,m}, (?m) and the reach of (?i).
/// What has no equivalent is refused: throws bv2::Error without a place.
std::string pcre2_from_oniguruma(std::string_view oniguruma);

}  // namespace bv2::engine::tokenizer
