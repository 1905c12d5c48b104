// Oniguruma's meaning in PCRE2: what each construct matches. Expectations were asked of Oniguruma itself.
#include "engine/tokenizer/regex_translation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/tokenizer/pattern.h"

namespace bv2::engine::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> matches(std::string_view regex, std::string_view text) {
  std::vector<Match> found;
  Pattern(regex).find_all(text, found);
  std::vector<std::string> texts;
  for (const Match& match : found) texts.emplace_back(text.substr(match.begin, match.end - match.begin));
  return texts;
}

TEST(RegexTranslation, ShorthandsAreOnigurumas) {
  EXPECT_THAT(matches("\\s", "a\u180e \u0085\u3000"), ElementsAre(" ", "\u0085", "\u3000"));
  EXPECT_THAT(matches("\\w+", "e\u0301\u00b2-x"), ElementsAre("e\u0301\u00b2", "x"));
  EXPECT_THAT(matches("[\\w]+", "a\u00b2b"), ElementsAre("a", "b"));  // superscripts only outside of classes
  EXPECT_THAT(matches("\\h+", "xyz12Fg"), ElementsAre("12F"));
  EXPECT_THAT(matches("\\v", "\n\v"), ElementsAre("\v"));
  EXPECT_THAT(matches("\\u0041\\x{42}", "AB"), ElementsAre("AB"));
  EXPECT_THAT(matches("\\b\\w", "ab cd"), ElementsAre("a", "c"));
}

TEST(RegexTranslation, PropertiesAreScriptsNotExtensions) {
  EXPECT_THAT(matches("\\p{Han}+", "\u6f22\u3001\u5b57"), ElementsAre("\u6f22", "\u5b57"));
  EXPECT_THAT(matches("\\p{Letter}\\p{^L}", "a1"), ElementsAre("a1"));
  EXPECT_THAT(matches("\\p{Punct}", "$!"), ElementsAre("!"));
  EXPECT_THAT(matches("[[:punct:]]", "$!"), ElementsAre("$", "!"));
}

TEST(RegexTranslation, ClassesNestAndIntersect) {
  EXPECT_THAT(matches("[a-z&&[^aeiou]]+", "abcde"), ElementsAre("bcd"));
  EXPECT_THAT(matches("[^\\W\\d]+", "ab1_c"), ElementsAre("ab", "_c"));
  EXPECT_THAT(matches("[a[xy]]+", "axby"), ElementsAre("ax", "y"));
  EXPECT_THAT(matches("[^a[bc]]+", "abxc"), ElementsAre("x"));
  EXPECT_THAT(matches("[]a]+", "a]b"), ElementsAre("a]"));
}

TEST(RegexTranslation, QuantifiersAreRubys) {
  EXPECT_THAT(matches("\\d{1,3}+", "1234567"), ElementsAre("1234567"));
  EXPECT_THAT(matches("a{,2}b", "aaab"), ElementsAre("aab"));
  EXPECT_THAT(matches("xa{2}?", "xaax"), ElementsAre("xaa", "x"));
  EXPECT_THAT(matches("a++a|b", "aaab"), ElementsAre("b"));
  EXPECT_THAT(matches("x{y", "x{y"), ElementsAre("x{y"));
}

TEST(RegexTranslation, OptionsAreRubys) {
  EXPECT_THAT(matches("(?m:a.b)", "a\nb"), ElementsAre("a\nb"));
  EXPECT_THAT(matches("a.b", "a\nb"), ElementsAre());
  EXPECT_THAT(matches("a(?i)b|c", "aB aC c"), ElementsAre("aB", "aC"));  // (?i) spans the alternatives
  EXPECT_THAT(matches("^b$", "a\nb\nc"), ElementsAre("b"));
}

TEST(RegexTranslation, RefusesWhatHasNoEquivalent) {
  for (const char* regex :
       {"(*UTF)", "(?x: a)", "\\G", "(?~abc)", "\\p{InBasicLatin}", "[[:nonsense:]]", "(", ")", "[a", "*a",
        "\\", "\\x{110000}", "(?{1})", "\\xff", "[b-a]", "(?i)[a&&[b]]"}) {
    EXPECT_THROW(Pattern{std::string_view(regex)}, Error) << regex;
  }
  EXPECT_THROW(Pattern{std::string(5000, '(')}, Error);
  EXPECT_THROW(Pattern{std::string(5000, '[')}, Error);
}

TEST(RegexTranslation, PublishedPatternsCompile) {
  for (
      const char* regex :
      {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
       R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       R"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}) {
    const auto found = matches(regex, "It's 12345 l\u00e9s  x!!\r\n\n ");
    std::string joined;
    for (const auto& match : found) joined += match;
    EXPECT_FALSE(found.empty()) << regex;
  }
}

TEST(Pattern, SearchThatExplodesIsAnError) {
  std::vector<Match> found;
  EXPECT_THROW(Pattern(R"((?:\w|\w\w)+[!?])").find_all(std::string(200, 'a'), found), Error);
}

TEST(Pattern, EmptyMatchesAdvance) {
  EXPECT_THAT(matches("x*", "axb"), ElementsAre("", "x", ""));
  EXPECT_THAT(matches("x*", ""), ElementsAre());
}

}  // namespace
}  // namespace bv2::engine::tokenizer
