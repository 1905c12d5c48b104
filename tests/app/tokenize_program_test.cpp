// `run_benchmarks tokenize` as a program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/file.h"
#include "base/json.h"
#include "support/built.h"
#include "support/data.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kjv = test::data_dir() / "models" / "kjv-llama-3m";

test::ProcessResult tokenize(const fs::path& model, const std::string& input) {
  const test::TemporaryFolder folder;
  return test::run_process(
      {test::program(), "tokenize", "--model-id", model, "--input", folder.write("texts.jsonl", input)});
}

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(parse_json(line, "output"));
  return lines;
}

TEST(TokenizeProgram, GivesWhatTheReferenceGives) {
  int folders = 0;
  for (const auto& entry : fs::directory_iterator(test::data_dir() / "tokenizers")) {
    const Json expected = read_json(entry.path() / "expected.json");
    std::string input;
    for (const auto& example : expected.at("cases"))
      input += Json{{"text", example.at("text")}}.dump() + "\n";
    const auto result = tokenize(entry.path(), input);
    ASSERT_EQ(result.status, 0) << entry.path() << result.err;
    const std::vector<Json> lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), expected.at("cases").size()) << entry.path();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Json& example = expected.at("cases").at(i);
      for (const char* field : {"ids", "ids_without_special", "decoded"}) {
        EXPECT_EQ(lines[i].at(field), example.at(field)) << entry.path() << ' ' << example.at("text");
      }
      EXPECT_EQ(lines[i].size(), 3U);
    }
    ++folders;
  }
  EXPECT_GT(folders, 10);
}

TEST(TokenizeProgram, ReadsStdin) {
  const auto result = test::run_process(
      {"/bin/sh", "-c",
       "printf '{\"text\": \"And the LORD said unto Moses,\"}\\n\\n{\"text\": \"And\"}' | '" +
           test::program() + "' tokenize --model-id '" + kjv.string() + "'"});
  ASSERT_EQ(result.status, 0) << result.err;
  const std::vector<Json> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("ids"), Json({296, 259, 337, 381, 318, 675, 12}));
  EXPECT_EQ(lines[0].at("decoded"), "And the LORD said unto Moses,");
}

TEST(TokenizeProgram, SaysWhichLineIsWrongAfterTheGoodOnes) {
  const std::pair<const char*, const char*> cases[]{
      {"{\"text\": 7}", "the field 'text' is a text, found number"},
      {"{\"texts\": \"a\"}", "an object with a field 'text' is expected"},
      {"[1]", "an object with a field 'text' is expected"},
      {"{\"text\": \"a", "it is not JSON in valid UTF-8"},
      {"{\"text\": \"\xff\"}", "it is not JSON in valid UTF-8"}};
  for (const auto& [line, what] : cases) {
    const auto result = tokenize(kjv, std::string("{\"text\": \"And\"}\n\n") + line + "\n");
    EXPECT_EQ(result.status, 1) << line;
    EXPECT_THAT(result.err, HasSubstr("texts.jsonl, line 3: ")) << line;
    EXPECT_THAT(result.err, HasSubstr(what)) << line;
    EXPECT_EQ(lines_of(result.out).size(), 1U) << line;
  }
}

TEST(TokenizeProgram, SaysWhatIsMissing) {
  const auto no_model = test::run_process({test::program(), "tokenize"});
  EXPECT_EQ(no_model.status, 2);
  EXPECT_THAT(no_model.err, HasSubstr("tokenize needs --model-id DIR"));
  const auto no_tokenizer = tokenize(test::data_dir() / "models" / "llama", "");
  EXPECT_EQ(no_tokenizer.status, 1);
  EXPECT_THAT(no_tokenizer.err, HasSubstr("tokenizer.json"));
  const auto no_input =
      test::run_process({test::program(), "tokenize", "--model-id", kjv, "--input", "/nonexistent"});
  EXPECT_EQ(no_input.status, 1);
  EXPECT_THAT(no_input.err, HasSubstr("'/nonexistent' cannot be read"));
}

TEST(TokenizeProgram, TakesALineLongerThanABuffer) {
  const std::string text(300'000, 'a');
  const auto result = tokenize(kjv, Json{{"text", text}}.dump());
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(lines_of(result.out).at(0).at("decoded"), text);
}

}  // namespace
}  // namespace bv2
