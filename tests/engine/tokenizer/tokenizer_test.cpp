// Whole tokenizers against what Hugging Face's library gives, case by case.
#include "engine/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/tokenizer/unicode.h"
#include "support/data.h"

namespace bv2::engine {
namespace {

using Ids = std::vector<std::int64_t>;

std::vector<std::string> fixtures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::data_dir() / "tokenizers")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Tokenizer fixture(std::string_view name) {
  return Tokenizer::from_file(test::data_dir() / "tokenizers" / name / "tokenizer.json");
}

class TokenizerFixture : public testing::TestWithParam<std::string> {};

TEST_P(TokenizerFixture, GivesTheReferencesIdsAndText) {
  const auto folder = test::data_dir() / "tokenizers" / GetParam();
  const Tokenizer tokenizer = Tokenizer::from_file(folder / "tokenizer.json");
  const Json expected = read_json(folder / "expected.json");
  ASSERT_FALSE(expected.at("cases").empty());
  for (const auto& example : expected.at("cases")) {
    const auto text = example.at("text").get<std::string>();
    const auto ids = example.at("ids").get<Ids>();
    EXPECT_EQ(tokenizer.encode(text), ids) << text;
    EXPECT_EQ(tokenizer.encode(text, false), example.at("ids_without_special").get<Ids>()) << text;
    EXPECT_EQ(tokenizer.decode(ids), example.at("decoded").get<std::string>()) << text;
    if (example.contains("decoded_with_special")) {
      EXPECT_EQ(tokenizer.decode(ids, false), example.at("decoded_with_special").get<std::string>()) << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, TokenizerFixture, testing::ValuesIn(fixtures()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Tokenizer, EncodesThePromptOfTheKingJamesModel) {
  const auto tokenizer = Tokenizer::from_file(test::data_dir() / "models/kjv-llama-3m/tokenizer.json");
  const Ids expected = {296, 259, 337, 381, 318, 675, 12};
  EXPECT_EQ(tokenizer.encode("And the LORD said unto Moses,"), expected);
}

/// Seeded random text: runs of one script, of anything assigned or not, of ASCII and spaces, of tokens'
/// parts.
class RandomText {
 public:
  explicit RandomText(std::uint64_t seed) : random_(seed) {}

  std::string next() {
    std::string text;
    for (std::size_t runs = random_() % 5; runs > 0; --runs) append_run(text);
    return text;
  }

  /// Also broken UTF-8.
  std::string next_bytes() {
    std::string text = next();
    for (std::size_t changes = random_() % 4; changes > 0 && !text.empty(); --changes) {
      text[random_() % text.size()] = static_cast<char>(random_() % 256);
    }
    return text;
  }

 private:
  void append_run(std::string& text) {
    constexpr std::string_view parts[] = {"<s>",  "</s>", "<|endoftext|>", "<unk>",  "[MASK]", "<0x41>", "'s",
                                          "\r\n", "  ",   "\u0301",        "\u2581", "\u0120", "e\u0301"};
    const char32_t base = static_cast<char32_t>(random_() % 0x110000) & ~0x3fU;
    const auto kind = random_() % 4;
    for (std::size_t count = random_() % 12; count > 0; --count) {
      char32_t value = static_cast<char32_t>(random_() % 0x110000);
      if (kind == 0) value = static_cast<char32_t>(random_() % 128);
      if (kind == 1) value = base + static_cast<char32_t>(random_() % 64);
      if (kind == 2) {
        text += parts[random_() % std::size(parts)];
      } else if (value < 0xd800 || value > 0xdfff) {
        tokenizer::append_utf8(text, value);
      }
    }
  }

  std::mt19937_64 random_;
};

void expect_valid(const Tokenizer& tokenizer, int text_count) {
  RandomText texts(11);
  for (int i = 0; i < text_count; ++i) {
    const auto ids = tokenizer.encode(texts.next_bytes());
    const std::string text = tokenizer.decode(ids, i % 2 == 0);
    ASSERT_TRUE(tokenizer::is_valid_utf8(text));
    for (const auto id : ids) ASSERT_LE(id, tokenizer.largest_id());
  }
}

TEST_P(TokenizerFixture, SurvivesRandomText) { expect_valid(fixture(GetParam()), 1000); }
TEST_P(TokenizerFixture, SlowSurvivesAMillionRandomTexts) { expect_valid(fixture(GetParam()), 1'000'000); }

/// Byte-level, and without a normalizer that changes the text.
class ByteLevel : public testing::TestWithParam<const char*> {
 protected:
  void expect_round_trips(int text_count) const {
    const Tokenizer tokenizer = fixture(GetParam());
    RandomText texts(12);
    for (int i = 0; i < text_count; ++i) {
      const std::string text = texts.next();
      ASSERT_EQ(tokenizer.decode(tokenizer.encode(text, false), false), text);
    }
  }
};

TEST_P(ByteLevel, GivesRandomTextBack) { expect_round_trips(1000); }
TEST_P(ByteLevel, SlowGivesAMillionRandomTextsBack) { expect_round_trips(1'000'000); }

INSTANTIATE_TEST_SUITE_P(All, ByteLevel,
                         testing::Values("gpt2-bytelevel-bpe", "llama3-split-bpe", "split-class-intersection",
                                         "split-sequence"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Tokenizer, InvalidUtf8CountsAsReplacementCharacters) {
  const Tokenizer tokenizer = fixture("gpt2-bytelevel-bpe");
  EXPECT_EQ(tokenizer.encode("a\xff\xe2\x82z"), tokenizer.encode("a\ufffd\ufffdz"));
}

/// A megabyte without a place to split takes a fraction of a second when encoding is linear; quadratic, it
/// would not end within the suite's limit for a test.
TEST_P(TokenizerFixture, OneLongWordEnds) {
  const Tokenizer tokenizer = fixture(GetParam());
  constexpr std::size_t length = 1 << 20;
  std::string unlike;
  for (std::size_t i = 0; i < length; ++i) unlike += static_cast<char>('a' + (i * i / 7) % 26);
  EXPECT_FALSE(tokenizer.encode(std::string(length, 'a')).empty());
  EXPECT_FALSE(tokenizer.encode(unlike).empty());
  // Only spaces: no token at all where spaces just separate words.
  EXPECT_LE(tokenizer.encode(std::string(length, ' ')).size(), length + 2);
}

TEST(Tokenizer, IsSharedByThreads) {
  const Tokenizer tokenizer = fixture("llama3-split-bpe");
  const std::string text = "In the beginning God created the heaven and the earth. 12345 \u6f22\u5b57";
  const Ids expected = tokenizer.encode(text);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int& count : wrong) {
    threads.emplace_back([&tokenizer, &text, &expected, &count] {
      for (int i = 0; i < 200; ++i)
        count += tokenizer.encode(text) != expected || tokenizer.decode(expected) != text;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Tokenizer, KnowsItsVocabulary) {
  const Tokenizer tokenizer = fixture("bert-wordpiece");
  EXPECT_EQ(tokenizer.vocab_size(), 900);
  EXPECT_EQ(tokenizer.largest_id(), 899);
  EXPECT_EQ(tokenizer.token_to_id("[SEP]"), 3);
  EXPECT_EQ(tokenizer.id_to_token(2), "[CLS]");
  EXPECT_FALSE(tokenizer.token_to_id("no such token"));
  EXPECT_FALSE(tokenizer.id_to_token(-1));
  EXPECT_EQ(tokenizer.decode(Ids{-5, 1'000'000, INT64_MAX}), "");
}

std::string error_of(std::string_view json) {
  try {
    (void)Tokenizer::from_json(json, "file.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Tokenizer, SaysWhatIsWrongInOneLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "'file.json' is not valid JSON (at byte 1)"},
      {"{\"model\":", "is not valid JSON"},
      {"[]", "file.json: an object was expected, found array"},
      {"{}", "file.json: the field 'model' is missing"},
      {R"({"model":null})", "file.json: model: an object was expected, found null"},
      {R"({"model":{"type":"BPE","merges":[]}})", "file.json: model: the field 'vocab' is missing"},
      {R"({"model":{"type":"Magic\n"}})", "the model 'Magic\\x0a' is not supported (supported: BPE, Unigram"},
      {R"({"model":{"type":"BPE","vocab":{"a":99999999999},"merges":[]}})",
       "the id of the token 'a' is not an integer"},
      {R"({"model":{"type":"WordLevel","vocab":{"a":1e999}}})", "out of range"},
      {R"({"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":{"type":"Rot13"}})",
       "normalizer 'Rot13' is not supported"},
      {R"({"model":{"type":"BPE","vocab":{},"merges":[]},"decoder":7})",
       "decoder: an object was expected, found number"},
      {R"({"model":{"type":"BPE","vocab":{},"merges":[]},"added_tokens":[{"id":0}]})",
       "added_tokens[0]: the field 'content' is missing"},
  };
  for (const auto& [json, expected] : cases) {
    const std::string error = error_of(json);
    EXPECT_NE(error.find(expected), std::string::npos) << json << " gave: " << error;
    EXPECT_EQ(error.find('\n'), std::string::npos);
  }
  EXPECT_THROW((void)Tokenizer::from_file("/nonexistent/tokenizer.json"), Error);
}

TEST(Tokenizer, DeepNestingIsAnError) {
  std::string sequence;
  for (int i = 0; i < 100'000; ++i) sequence += R"({"type":"Sequence","normalizers":[)";
  EXPECT_NE(error_of(R"({"normalizer":)" + sequence), "no error");
  std::string closed = R"({"model":{"type":"BPE","vocab":{},"merges":[]},"normalizer":)";
  for (int i = 0; i < 1000; ++i) closed += R"({"type":"Sequence","normalizers":[)";
  for (int i = 0; i < 1000; ++i) closed += "]}";
  EXPECT_NE(error_of(closed + "}").find("nested deeper"), std::string::npos);
  EXPECT_NE(error_of(std::string(1 << 20, '[')), "no error");
}

TEST(Tokenizer, TakesDuplicateIdsAndTokens) {
  const auto tokenizer = Tokenizer::from_json(
      R"({"model":{"type":"WordLevel","vocab":{"a":0,"b":0,"a":1},"unk_token":"b"},"added_tokens":[{"id":0,"content":"<x>"},{"id":0,"content":"<x>","special":true}]})",
      "test");
  EXPECT_EQ(tokenizer.encode("a"), Ids{1});
  EXPECT_EQ(tokenizer.encode("<x>"), Ids{2});
}

}  // namespace
}  // namespace bv2::engine
