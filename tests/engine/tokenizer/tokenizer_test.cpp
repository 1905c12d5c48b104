// Whole tokenizers against what Hugging Face's library gives, case by case.
#include "engine/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
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

}  // namespace
}  // namespace bv2::engine
