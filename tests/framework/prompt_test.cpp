// Prompts of exactly the asked length.
#include "framework/prompt.h"

#include <gmock/gmock.h>

#include "support/error_text.h"
#include "support/fake_benchmark.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using test::error_text;
using testing::ElementsAre;
using testing::HasSubstr;

// The fake tokenizer: 1, then 10 + each byte, then 2.
constexpr std::int64_t a = 10 + 'a';
constexpr std::int64_t b = 10 + 'b';
constexpr std::int64_t c = 10 + 'c';

Prompt prompt_of(const test::FakeBehaviour& behaviour, const ScenarioConfig& config,
                 const PromptRequest& request) {
  const test::FakeBenchmark benchmark(behaviour);
  const auto session = benchmark.open(config);
  return make_prompt(*session, session->facts(), benchmark.info(), config, request);
}

std::vector<std::int64_t> text_ids(std::string text, std::optional<std::int64_t> length) {
  return prompt_of({.has_tokenizer = true}, {.sequence_length = length}, {.texts = {std::move(text)}})
      .ids.ids;
}

TEST(Prompt, TextHasItsOwnLengthUnlessAskedOtherwise) {
  EXPECT_THAT(text_ids("abc", {}), ElementsAre(1, a, b, c, 2));
  EXPECT_THAT(text_ids("abc", 5), ElementsAre(1, a, b, c, 2));
}

TEST(Prompt, TextIsCutBetweenItsSpecialTokens) {
  EXPECT_THAT(text_ids("abc", 4), ElementsAre(1, a, b, 2));
  EXPECT_THAT(text_ids("abc", 3), ElementsAre(1, a, 2));
  EXPECT_THAT(text_ids("abc", 2), ElementsAre(1, 2));
  EXPECT_THAT(text_ids("abc", 1), ElementsAre(1));
}

TEST(Prompt, TextIsContinuedWithoutRepeatingSpecialTokens) {
  EXPECT_THAT(text_ids("abc", 9), ElementsAre(1, a, b, c, a, b, c, a, 2));
}

TEST(Prompt, EmptyTextCannotBeContinued) {
  EXPECT_THAT(text_ids("", {}), ElementsAre(1, 2));
  EXPECT_THAT(error_text([] { text_ids("", 3); }),
              HasSubstr("an empty prompt cannot be continued to 3 tokens"));
}

TEST(Prompt, EverySequenceGetsTheSameText) {
  const Prompt prompt =
      prompt_of({.has_tokenizer = true}, {.batch_size = 3, .sequence_length = 3}, {.texts = {"ab"}});
  EXPECT_EQ(prompt.ids.batch, 3);
  EXPECT_EQ(prompt.ids.tokens, 3);
  EXPECT_THAT(prompt.ids.ids, ElementsAre(1, a, 2, 1, a, 2, 1, a, 2));
  EXPECT_EQ(prompt.info.source, PromptSource::text);
  EXPECT_EQ(prompt.info.tokens, 3);
  EXPECT_EQ(prompt.info.text, "ab");
}

TEST(Prompt, IsTheBenchmarksUnlessAskedOtherwise) {
  const Prompt prompt = prompt_of({.has_tokenizer = true}, {}, {});
  EXPECT_EQ(prompt.info.text, "Once upon a time");
  EXPECT_EQ(prompt.ids.tokens, 2 + 16);
}

TEST(Prompt, IdsAreCutOrRepeated) {
  const auto ids_of = [](std::optional<std::int64_t> length) {
    return prompt_of({}, {.batch_size = 2, .sequence_length = length}, {.ids = {7, 8, 9}}).ids.ids;
  };
  EXPECT_THAT(ids_of({}), ElementsAre(7, 8, 9, 7, 8, 9));
  EXPECT_THAT(ids_of(2), ElementsAre(7, 8, 7, 8));
  EXPECT_THAT(ids_of(4), ElementsAre(7, 8, 9, 7, 7, 8, 9, 7));
}

TEST(Prompt, IdsOutsideTheVocabularyAreRefused) {
  const auto text_of = [](std::int64_t id) {
    return error_text([&] { prompt_of({.vocab_size = 50}, {}, {.ids = {1, id}}); });
  };
  EXPECT_EQ(text_of(50), "the prompt has the token id 50; the model's vocabulary is 0 to 49");
  EXPECT_EQ(text_of(-1), "the prompt has the token id -1; the model's vocabulary is 0 to 49");
  EXPECT_EQ(text_of(49), "(no exception)");
}

TEST(Prompt, WithoutATokenizerIsSeeded) {
  const auto ids_of = [](std::int64_t seed, std::int64_t batch) {
    return prompt_of({.vocab_size = 5000}, {.batch_size = batch, .sequence_length = 100, .seed = seed}, {});
  };
  const Prompt one = ids_of(0, 1);
  EXPECT_EQ(one.info.source, PromptSource::seeded);
  EXPECT_FALSE(one.info.text);
  EXPECT_THAT(one.ids.ids, testing::Each(testing::AllOf(testing::Ge(256), testing::Lt(5000))));
  EXPECT_EQ(one.ids.ids, ids_of(0, 1).ids.ids);
  EXPECT_NE(one.ids.ids, ids_of(1, 1).ids.ids);
  const Prompt two = ids_of(0, 2);
  const auto row = std::span(two.ids.ids);
  EXPECT_TRUE(std::ranges::equal(row.first(100), one.ids.ids));
  EXPECT_FALSE(std::ranges::equal(row.last(100), one.ids.ids));
}

TEST(Prompt, SeededHasTheBenchmarksLengthAndFitsSmallVocabularies) {
  const Prompt prompt = prompt_of({.vocab_size = 3}, {}, {});
  EXPECT_EQ(prompt.ids.tokens, 12);
  EXPECT_THAT(prompt.ids.ids, testing::Each(testing::AllOf(testing::Ge(0), testing::Lt(3))));
}

TEST(Prompt, TextWithoutATokenizerIsRefused) {
  EXPECT_EQ(error_text([] { prompt_of({}, {}, {.texts = {"ab"}}); }),
            "the model has no tokenizer to read a prompt with: give --prompt-ids");
}

TEST(Prompt, LongerThanTheModelIsRefused) {
  const auto text_of = [](std::optional<std::int64_t> length, std::string text) {
    return error_text([&] {
      prompt_of({.has_tokenizer = true, .max_positions = 20},
                {.num_tokens_to_generate = 10, .sequence_length = length}, {.texts = {std::move(text)}});
    });
  };
  EXPECT_EQ(text_of(10, "a"), "(no exception)");
  EXPECT_EQ(
      text_of(11, "a"),
      "a prompt of 11 tokens and 10 new ones need 21 positions, the model has 20: lower --sequence-length or "
      "--num-tokens-to-generate");
  EXPECT_THAT(text_of({}, "123456789"), HasSubstr("a prompt of 11 tokens"));
  EXPECT_THAT(text_of(1'000'000'000, "a"), HasSubstr("a prompt of 1000000000 tokens"));
}

TEST(Prompt, OfSeveralTextsHasTheirOwnLengthsPaddedOnTheLeft) {
  const Prompt prompt =
      prompt_of({.has_tokenizer = true}, {.batch_size = 4, .sequence_length = {}}, {.texts = {"abc", "a"}});
  EXPECT_EQ(prompt.ids.batch, 4);
  EXPECT_EQ(prompt.ids.tokens, 5);
  EXPECT_THAT(prompt.ids.ids, ElementsAre(1, a, b, c, 2, 0, 0, 1, a, 2, 1, a, b, c, 2, 0, 0, 1, a, 2));
  EXPECT_THAT(prompt.ids.padding, ElementsAre(0, 2, 0, 2));
  EXPECT_EQ(prompt.info.text, "abc");
  EXPECT_THAT(prompt.info.texts.value(), ElementsAre("abc", "a"));
  EXPECT_THAT(prompt.info.own_tokens.value(), ElementsAre(5, 3, 5, 3));
  EXPECT_EQ(prompt.info.tokens_of_batch(4), 16);
}

TEST(Prompt, OfSeveralTextsAtOneLengthIsNotPadded) {
  const Prompt prompt =
      prompt_of({.has_tokenizer = true}, {.batch_size = 2, .sequence_length = 4}, {.texts = {"abc", "a"}});
  EXPECT_THAT(prompt.ids.ids, ElementsAre(1, a, b, 2, 1, a, a, 2));
  EXPECT_TRUE(prompt.ids.padding.empty());
  EXPECT_FALSE(prompt.info.own_tokens);
  EXPECT_EQ(prompt.info.tokens_of_batch(2), 8);
}

TEST(PromptRequest, ReadsAFileAPromptALine) {
  const test::TemporaryFolder folder;
  RunOptions options;
  options.prompt_file = folder.write("p.txt", "two\r\n\nlines\n");
  EXPECT_THAT(prompt_request(options).texts, ElementsAre("two", "lines"));
  options.prompt_file = folder.write("one.txt", "no end");
  EXPECT_THAT(prompt_request(options).texts, ElementsAre("no end"));
  options.prompt_file = folder.write("empty.txt", "\n");
  EXPECT_THAT(error_text<UsageError>([&] { prompt_request(options); }), HasSubstr("empty.txt' is empty"));
  options.prompt_file = folder.path() / "none.txt";
  EXPECT_THAT(error_text<UsageError>([&] { prompt_request(options); }),
              testing::AllOf(HasSubstr("--prompt-file"), HasSubstr("No such file")));
}

}  // namespace
}  // namespace bv2
