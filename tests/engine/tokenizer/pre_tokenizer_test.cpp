// Pre-tokenizers one by one.
#include "engine/tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace bv2::engine::tokenizer {
namespace {

using testing::ElementsAre;

std::vector<std::string> pieces_of(std::string_view config, std::string text, std::size_t origin_bytes = 1) {
  const auto json = nlohmann::json::parse(config);
  const std::size_t size = text.size();
  Pieces pieces{std::move(text), {{0, size, origin_bytes}}};
  make_pre_tokenizer(ConfigNode(json, "test"))->apply(pieces);
  std::vector<std::string> views;
  for (const Piece& piece : pieces.pieces) views.emplace_back(pieces.view(piece));
  return views;
}

std::string split(std::string_view behavior, bool invert = false) {
  return fmt::format(R"({{"type":"Split","pattern":{{"String":"-"}},"behavior":"{}","invert":{}}})", behavior,
                     invert);
}

TEST(PreTokenizer, SplitBehaviors) {
  const std::string text = "the-final--countdown";
  EXPECT_THAT(pieces_of(split("Removed"), text), ElementsAre("the", "final", "countdown"));
  EXPECT_THAT(pieces_of(split("Isolated"), text), ElementsAre("the", "-", "final", "-", "-", "countdown"));
  EXPECT_THAT(pieces_of(split("MergedWithPrevious"), text), ElementsAre("the-", "final-", "-", "countdown"));
  EXPECT_THAT(pieces_of(split("MergedWithNext"), text), ElementsAre("the", "-final", "-", "-countdown"));
  EXPECT_THAT(pieces_of(split("Contiguous"), text), ElementsAre("the", "-", "final", "--", "countdown"));
  EXPECT_THAT(pieces_of(split("Removed", true), text), ElementsAre("-", "-", "-"));
  EXPECT_THROW(pieces_of(split("Sideways"), text), Error);
}

TEST(PreTokenizer, ByteLevel) {
  EXPECT_THAT(pieces_of(R"({"type":"ByteLevel","add_prefix_space":true})", "it's \u00e9"),
              ElementsAre("\u0120it", "'s", "\u0120\u00c3\u00a9"));
  EXPECT_THAT(pieces_of(R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false})", "a b"),
              ElementsAre("a\u0120b"));
}

TEST(PreTokenizer, Metaspace) {
  EXPECT_THAT(pieces_of(R"({"type":"Metaspace","replacement":"_"})", "a  b"), ElementsAre("_a", "_", "_b"));
  EXPECT_THAT(
      pieces_of(R"({"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false})", "a b", 0),
      ElementsAre("a_b"));
  EXPECT_THAT(
      pieces_of(R"({"type":"Metaspace","replacement":"_","prepend_scheme":"first","split":false})", "a b"),
      ElementsAre("_a_b"));
  EXPECT_THAT(pieces_of(R"({"type":"Metaspace","replacement":"_","add_prefix_space":false})", "a b"),
              ElementsAre("a", "_b"));
  EXPECT_THROW(pieces_of(R"({"type":"Metaspace","replacement":"__"})", "a"), Error);
}

TEST(PreTokenizer, Words) {
  const std::string text = "Hey, \u00e9t\u00e9_1!?\u3000x";
  EXPECT_THAT(pieces_of(R"({"type":"Whitespace"})", text),
              ElementsAre("Hey", ",", "\u00e9t\u00e9_1", "!?", "x"));
  EXPECT_THAT(pieces_of(R"({"type":"WhitespaceSplit"})", text),
              ElementsAre("Hey,", "\u00e9t\u00e9_1!?", "x"));
  EXPECT_THAT(pieces_of(R"({"type":"BertPreTokenizer"})", text),
              ElementsAre("Hey", ",", "\u00e9t\u00e9", "_", "1", "!", "?", "x"));
  EXPECT_THAT(pieces_of(R"({"type":"Digits","individual_digits":true})", "a12b"),
              ElementsAre("a", "1", "2", "b"));
  EXPECT_THAT(pieces_of(R"({"type":"Digits","individual_digits":false})", "a12b"),
              ElementsAre("a", "12", "b"));
  EXPECT_THAT(pieces_of(R"({"type":"Punctuation","behavior":"Contiguous"})", "a!?b"),
              ElementsAre("a", "!?", "b"));
  EXPECT_THAT(pieces_of(R"({"type":"FixedLength","length":2})", "\u00e9bc"), ElementsAre("\u00e9b", "c"));
}

TEST(PreTokenizer, SequenceAndUnknown) {
  EXPECT_THAT(
      pieces_of(
          R"({"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"_"}]})",
          "a b"),
      ElementsAre("_a", "_b"));
  EXPECT_THROW(pieces_of(R"({"type":"UnicodeScripts"})", "a"), Error);
}

}  // namespace
}  // namespace bv2::engine::tokenizer
