// Added tokens: where they are found and which ids they get.
#include "engine/tokenizer/added_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace bv2::engine::tokenizer {
namespace {

using testing::ElementsAre;

AddedTokens tokens_of(std::string_view config, const Vocabulary& vocabulary = {}) {
  const auto json = nlohmann::json::parse(config);
  return {ConfigNode(json, "test"), vocabulary, nullptr};
}

std::vector<std::string> segments(const AddedTokens& tokens, std::string_view text) {
  std::vector<std::string> out;
  for (const Segment& segment : tokens.find_in_raw(text)) {
    out.push_back((segment.id ? "#" : "") +
                  std::string(text.substr(segment.begin, segment.end - segment.begin)));
  }
  return out;
}

TEST(AddedTokens, LeftmostLongest) {
  const auto tokens =
      tokens_of(R"([{"id":0,"content":"<a>","special":true},{"id":1,"content":"<a>b","special":true}])");
  EXPECT_THAT(segments(tokens, "x<a><a>bc"), ElementsAre("x", "#<a>", "#<a>b", "c"));
}

TEST(AddedTokens, StripsAndSingleWords) {
  const auto tokens = tokens_of(R"([{"id":0,"content":"<m>","special":true,"lstrip":true,"rstrip":true},
                                   {"id":1,"content":"God","single_word":true,"normalized":false}])");
  EXPECT_THAT(segments(tokens, "a \t<m>\u3000 b"), ElementsAre("a", "# \t<m>\u3000 ", "b"));
  EXPECT_THAT(segments(tokens, "Godly God's"), ElementsAre("Godly ", "#God", "'s"));
}

TEST(AddedTokens, NumberedFromTheModelsSizeOn) {
  Vocabulary vocabulary;
  vocabulary.add("a", 0);
  vocabulary.add("b", 1);
  const auto tokens =
      tokens_of(R"([{"id":7,"content":"<x>"},{"id":9,"content":"b"},{"id":5,"content":"<y>"}])", vocabulary);
  EXPECT_EQ(tokens.id_of("<x>"), 2U);
  EXPECT_EQ(tokens.id_of("b"), 1U);
  EXPECT_EQ(tokens.id_of("<y>"), 3U);
  EXPECT_EQ(tokens.count_beyond(vocabulary), 2U);
}

TEST(AddedTokens, MegabyteOfSpacesIsLinear) {
  const auto tokens = tokens_of(R"([{"id":0,"content":" ","special":true,"rstrip":true,"lstrip":true},
                                   {"id":1,"content":"\n","special":true,"rstrip":true}])");
  EXPECT_EQ(tokens.find_in_raw(std::string(1 << 20, ' ')).size(), 1U);
  EXPECT_EQ(tokens.find_in_raw(std::string(1 << 18, '\n')).size(), std::size_t{1} << 18);
}

}  // namespace
}  // namespace bv2::engine::tokenizer
