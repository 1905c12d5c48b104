// Normalizers one by one.
#include "engine/tokenizer/normalizer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace bv2::engine::tokenizer {
namespace {

NormalizedText normalized(std::string_view config, std::string text, std::size_t origin_bytes = 0) {
  const auto json = nlohmann::json::parse(config);
  NormalizedText result{std::move(text), origin_bytes};
  make_normalizer(ConfigNode(json, "test"))->normalize(result);
  return result;
}

TEST(Normalizer, Forms) {
  EXPECT_EQ(normalized(R"({"type":"NFC"})", "e\u0301 \u1100\u1161").text, "\u00e9 \uac00");
  EXPECT_EQ(normalized(R"({"type":"NFD"})", "\u00e9\u1ed9").text, "e\u0301o\u0323\u0302");
  EXPECT_EQ(normalized(R"({"type":"NFKC"})", "\ufb01 \u00bd\uff21").text, "fi 1\u20442A");
  EXPECT_EQ(normalized(R"({"type":"NFKD"})", "\u1e9b\u0323").text, "s\u0323\u0307");
}

TEST(Normalizer, MegabyteOfMarksIsOrderedInLinearTime) {
  std::string text = "a";
  for (int i = 0; i < 250'000; ++i) text += "\u0301\u0316";
  const std::string ordered = normalized(R"({"type":"NFD"})", text).text;
  EXPECT_EQ(ordered.size(), text.size());
  EXPECT_EQ(ordered.substr(0, 5), "a\u0316\u0316");
}

TEST(Normalizer, StripKnowsUnicodeSpaces) {
  const std::string config = R"({"type":"Strip","strip_left":true,"strip_right":true})";
  EXPECT_EQ(normalized(config, "\u3000 a b\u00a0\n").text, "a b");
  EXPECT_EQ(normalized(config, " \n ").text, "");
}

TEST(Normalizer, Replace) {
  EXPECT_EQ(normalized(R"({"type":"Replace","pattern":{"String":"aa"},"content":"b"})", "aaaaa").text, "bba");
  EXPECT_EQ(normalized(R"({"type":"Replace","pattern":{"Regex":" {2,}"},"content":"$1"})", "a   b c").text,
            "a$1b c");
  EXPECT_THROW(normalized(R"({"type":"Replace","pattern":{"String":""},"content":"b"})", "a"), Error);
}

TEST(Normalizer, Bert) {
  const std::string config =
      R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true})";
  EXPECT_EQ(normalized(config, "\x01\u00c9\t\u6f22\u5b57\ufffd\u200d").text, "e  \u6f22  \u5b57 ");
}

TEST(Normalizer, SequenceKeepsTrackOfTheOrigin) {
  const std::string config = R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"_"},
    {"type":"Replace","pattern":{"String":"a"},"content":"xyz"},{"type":"Lowercase"}]})";
  const NormalizedText result = normalized(config, "aB", 1);
  EXPECT_EQ(result.text, "_xyzb");
  EXPECT_EQ(result.origin_bytes, 4U);
  EXPECT_EQ(normalized(R"({"type":"Strip","strip_left":true,"strip_right":false})", " a", 1).origin_bytes,
            0U);
  EXPECT_EQ(normalized(R"({"type":"NFKC"})", "\u00bdx", 2).origin_bytes, 5U);
}

TEST(Normalizer, PrecompiledRefusesBrokenMaps) {
  for (const char* map : {"", "AAA=", "!!!!", "/////w==", "BAAAAA=="}) {
    EXPECT_THROW(normalized(fmt::format(R"({{"type":"Precompiled","precompiled_charsmap":"{}"}})", map), "a"),
                 Error)
        << map;
  }
}

TEST(Normalizer, PrecompiledSurvivesATrieThatPointsNowhere) {
  // A trie of one unit whose offset leads out of it.
  EXPECT_EQ(
      normalized(R"({"type":"Precompiled","precompiled_charsmap":"BAAAAP///39hAA=="})", "abc\u00e9").text,
      "abc\u00e9");
}

TEST(Normalizer, UnknownTypeIsNamed) {
  try {
    normalized(R"({"type":"Rot13"})", "a");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("the normalizer 'Rot13' is not supported"), std::string::npos);
  }
}

}  // namespace
}  // namespace bv2::engine::tokenizer
