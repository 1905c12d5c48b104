// The models: merges, Viterbi against all cuts, and the ways to be unknown.
#include "engine/tokenizer/token_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/error.h"
#include "base/json.h"

namespace bv2::engine::tokenizer {
namespace {

using testing::ElementsAre;
using Ids = std::vector<std::int64_t>;

Ids encode(const nlohmann::json& config, std::string_view piece) {
  const auto model = make_token_model(ConfigNode(config, "test"));
  Ids ids;
  model->piece_encoder()->encode(piece, ids);
  return ids;
}

nlohmann::json json(std::string_view text) { return nlohmann::json::parse(text); }

TEST(Bpe, MergesAsStringsOrPairs) {
  const auto strings =
      json(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["#version: 0.2","a b"]})");
  const auto pairs = json(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[["a","b"]]})");
  EXPECT_THAT(encode(strings, "abba"), ElementsAre(2, 1, 0));
  EXPECT_EQ(encode(pairs, "abba"), encode(strings, "abba"));
}

TEST(Bpe, UnknownCharacters) {
  auto config = json(
      R"({"type":"BPE","vocab":{"a":0,"<unk>":1,"<0xC3>":2,"<0xA9>":3},"merges":[],"unk_token":"<unk>"})");
  EXPECT_THAT(encode(config, "xxa"), ElementsAre(1, 1, 0));
  config["fuse_unk"] = true;
  EXPECT_THAT(encode(config, "xxa"), ElementsAre(1, 0));
  config["byte_fallback"] = true;
  EXPECT_THAT(encode(config, "\u00e9a"), ElementsAre(2, 3, 0));
  config["unk_token"] = "<other>";
  EXPECT_THROW(encode(config, "x"), Error);
  config["unk_token"] = nullptr;
  EXPECT_THAT(encode(config, "xa"), ElementsAre(0));
}

TEST(Bpe, IgnoreMergesTakesWholeWords) {
  auto config = json(R"({"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":[]})");
  EXPECT_THAT(encode(config, "ab"), ElementsAre(0, 1));
  config["ignore_merges"] = true;
  EXPECT_THAT(encode(config, "ab"), ElementsAre(2));
}

TEST(Bpe, RefusesWhatItCannotDo) {
  for (const char* text :
       {R"({"type":"BPE","merges":[]})", R"({"type":"BPE","vocab":{"a":0}})",
        R"({"type":"BPE","vocab":{"a":-1},"merges":[]})",
        R"({"type":"BPE","vocab":{"a":4294967296},"merges":[]})",
        R"({"type":"BPE","vocab":["a"],"merges":[]})", R"({"type":"BPE","vocab":{"a":0},"merges":["a a"]})",
        R"({"type":"BPE","vocab":{"a":0},"merges":["a"]})",
        R"({"type":"BPE","vocab":{"a":0},"merges":[["a","a","a"]]})",
        R"({"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a"],"continuing_subword_prefix":"####"})",
        R"({"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1})"}) {
    const auto config = json(text);
    EXPECT_THROW(make_token_model(ConfigNode(config, "test")), Error) << text;
  }
}

TEST(Bpe, MergesThatGoInACircleEnd) {
  const auto config = json(R"({"type":"BPE","vocab":{"a":0,"aa":0},"merges":["a a","aa aa","aa a"]})");
  EXPECT_THROW(encode(config, "aaaa"), Error);  // "aaaa" is not in the vocabulary
  const auto circle = json(R"({"type":"BPE","vocab":{"a":0,"aa":0},"merges":["a a"]})");
  EXPECT_THAT(encode(circle, "aaaa"), ElementsAre(0));
}

/// The best score over all ways to cut `text`.
double best_score(const nlohmann::json& vocabulary, std::string_view text) {
  if (text.empty()) return 0;
  double best = -std::numeric_limits<double>::infinity();
  for (const auto& entry : vocabulary) {
    const auto token = entry[0].get<std::string>();
    if (text.starts_with(token))
      best = std::max(best, entry[1].get<double>() + best_score(vocabulary, text.substr(token.size())));
  }
  return best;
}

TEST(Unigram, FindsTheBestCut) {
  std::mt19937 random(2);
  auto config = json(R"({"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-3],["b",-4],["c",-5]]})");
  for (int i = 0; i < 20; ++i) {
    std::string token;
    for (std::size_t n = 2 + random() % 3; n > 0; --n) token += static_cast<char>('a' + random() % 3);
    config["vocab"].push_back({token, -4.0 - static_cast<double>(random() % 1000) / 100});
  }
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (std::size_t n = 1 + random() % 10; n > 0; --n) text += static_cast<char>('a' + random() % 3);
    // Scores of tokens that come twice are those of the last entry: rebuild them from the ids.
    double score = 0;
    std::string spelled;
    for (const auto id : encode(config, text)) {
      score += config["vocab"][static_cast<std::size_t>(id)][1].get<double>();
      spelled += config["vocab"][static_cast<std::size_t>(id)][0].get<std::string>();
    }
    ASSERT_EQ(spelled, text);
    ASSERT_LE(score, best_score(config["vocab"], text) + 1e-9);
    nlohmann::json last = nlohmann::json::array();
    for (const auto& entry : config["vocab"]) {
      std::erase_if(last.get_ref<nlohmann::json::array_t&>(),
                    [&](const auto& e) { return e[0] == entry[0]; });
      last.push_back(entry);
    }
    ASSERT_NEAR(score, best_score(last, text), 1e-9) << text;
  }
}

TEST(Unigram, UnknownCharacters) {
  auto config = json(R"({"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["a",-1],["<0x78>",-9]]})");
  EXPECT_THAT(encode(config, "xxax"), ElementsAre(0, 1, 0));
  config["byte_fallback"] = true;
  EXPECT_THAT(encode(config, "xxax"), ElementsAre(2, 2, 1, 2));
  config["unk_id"] = nullptr;
  EXPECT_THROW(encode(config, "x"), Error);
  config["unk_id"] = 3;
  EXPECT_THROW(encode(config, "x"), Error);
}

TEST(WordPiece, TakesTheLongestOrNothing) {
  auto config = json(R"({"type":"WordPiece","vocab":{"[UNK]":0,"un":1,"##aff":2,"##able":3,"##a":4,"u":5}})");
  EXPECT_THAT(encode(config, "unaffable"), ElementsAre(1, 2, 3));
  EXPECT_THAT(encode(config, "unx"), ElementsAre(0));
  EXPECT_THAT(encode(config, std::string(101, 'u')), ElementsAre(0));
  config["unk_token"] = "?";
  EXPECT_THROW(encode(config, "x"), Error);
}

TEST(TokenModel, OldFilesHaveNoType) {
  EXPECT_THAT(encode(json(R"({"vocab":{"a":0},"merges":[]})"), "a"), ElementsAre(0));
  EXPECT_THAT(encode(json(R"({"vocab":{"a":0},"unk_token":"a"})"), "b"), ElementsAre(0));
  EXPECT_THROW(encode(json(R"({"type":"GPT","vocab":{}})"), "a"), Error);
}

}  // namespace
}  // namespace bv2::engine::tokenizer
