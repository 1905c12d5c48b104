// UTF-8 repair and character classes.
#include "engine/tokenizer/unicode.h"

#include <gtest/gtest.h>

namespace bv2::engine::tokenizer {
namespace {

TEST(Unicode, ReplacesMaximalIllFormedParts) {
  // The examples of the Unicode Standard, table 3-8 and 3-11.
  EXPECT_EQ(to_valid_utf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"),
            "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
            "A");
  EXPECT_EQ(to_valid_utf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"),
            "\ufffd\ufffd\ufffd\ufffd"
            "A");
  EXPECT_EQ(to_valid_utf8("ab\xed\xa0\x80"), "ab\ufffd\ufffd\ufffd");
  EXPECT_EQ(to_valid_utf8("\xf4\x90\x80\x80"), "\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(to_valid_utf8("12345678\xff"), "12345678\ufffd");
}

TEST(Unicode, EveryCodePointSurvives) {
  for (char32_t value = 0; value <= 0x10ffff; ++value) {
    if (value >= 0xd800 && value <= 0xdfff) continue;
    std::string text;
    append_utf8(text, value);
    ASSERT_TRUE(is_valid_utf8(text)) << static_cast<std::uint32_t>(value);
    ASSERT_EQ(code_point_at(text, 0).value, value);
    ASSERT_EQ(code_point_before("x" + text, text.size() + 1).value, value);
    ASSERT_EQ(code_point_at(text, 0).length, text.size());
  }
}

TEST(Unicode, ClassesHaveTheReferencesMembers) {
  EXPECT_TRUE(is_white_space(0x85));
  EXPECT_FALSE(is_white_space(0x180e));  // a space only before Unicode 6.3
  EXPECT_TRUE(is_word(0x24b6));          // circled letters are Alphabetic
  EXPECT_TRUE(is_word(0x200d));
  EXPECT_FALSE(is_word('-'));
  EXPECT_TRUE(is_punctuation('$'));
  EXPECT_FALSE(is_punctuation(0x20ac));  // the euro sign is a symbol
  EXPECT_TRUE(is_nonspacing_mark(0x301));
  EXPECT_FALSE(is_nonspacing_mark(0x8d4));  // came with Unicode 9
  EXPECT_TRUE(is_mark(0x8d4));
  EXPECT_FALSE(is_mark(0x7fd));  // came with Unicode 11
  EXPECT_TRUE(is_numeric(0xbd));
}

TEST(Unicode, LowersCaseInFull) {
  std::string text;
  for (const char32_t value : {U'A', U'\u0130', U'\u03a3', U'\u1e9e'}) append_lower_case(text, value);
  EXPECT_EQ(text, "ai\u0307\u03c3\u00df");
}

}  // namespace
}  // namespace bv2::engine::tokenizer
