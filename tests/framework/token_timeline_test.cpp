// The measuring sink and the metrics that follow from its stamps.
#include "framework/token_timeline.h"

#include <gmock/gmock.h>

#include <map>

#include "support/error_text.h"

namespace bv2 {
namespace {

using Values = std::map<std::string, std::optional<double>, std::less<>>;

Values values_of(const IterationTimes& times, ModelKind kind = ModelKind::decoder) {
  Values values;
  for (const Metric& metric : metrics(kind)) values.emplace(metric.name, metric.value(times));
  return values;
}

TEST(Metrics, FollowTheirDefinitions) {
  const std::vector<std::int64_t> token_ns{1'500'000'000, 1'600'000'000, 1'800'000'000, 2'000'000'000};
  const Values values =
      values_of({.batch = 2, .prompt_tokens = 20, .start_ns = 1'000'000'000, .token_ns = token_ns});
  EXPECT_DOUBLE_EQ(values.at("latency").value(), 1.0);
  EXPECT_DOUBLE_EQ(values.at("time_to_first_token").value(), 0.5);
  EXPECT_DOUBLE_EQ(values.at("inter_token_latency").value(), 0.5 / 3);
  EXPECT_DOUBLE_EQ(values.at("tokens_per_second").value(), 2 * 4 / 1.0);
  EXPECT_DOUBLE_EQ(values.at("prefill_tokens_per_second").value(), 2 * 10 / 0.5);
  EXPECT_DOUBLE_EQ(values.at("decode_tokens_per_second").value(), 2 * 3 / 0.5);
}

TEST(Metrics, AreInTheOrderAndUnitsOfTheDocument) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics(ModelKind::decoder))
    names.push_back(std::string(metric.name) + " " + std::string(metric.unit));
  EXPECT_THAT(names, testing::ElementsAre("latency seconds", "time_to_first_token seconds",
                                          "inter_token_latency seconds", "tokens_per_second tokens/sec",
                                          "prefill_tokens_per_second tokens/sec",
                                          "decode_tokens_per_second tokens/sec"));
}

TEST(Metrics, OfAnEncoderAreOfTheWholeBatch) {
  const std::vector<std::int64_t> token_ns{1'500'000'000};
  const Values values = values_of(
      {.batch = 3, .prompt_tokens = 20, .start_ns = 1'000'000'000, .token_ns = token_ns}, ModelKind::encoder);
  EXPECT_EQ(values.size(), 3U);
  EXPECT_DOUBLE_EQ(values.at("latency").value(), 0.5);
  EXPECT_DOUBLE_EQ(values.at("sequences_per_second").value(), 3 / 0.5);
  EXPECT_DOUBLE_EQ(values.at("tokens_per_second").value(), 20 / 0.5);
}

TEST(Metrics, OfOneTokenHaveNoDecode) {
  const std::vector<std::int64_t> token_ns{1'000};
  const Values values = values_of({.batch = 1, .prompt_tokens = 1, .start_ns = 0, .token_ns = token_ns});
  EXPECT_TRUE(values.at("time_to_first_token"));
  EXPECT_FALSE(values.at("inter_token_latency"));
  EXPECT_FALSE(values.at("decode_tokens_per_second"));
}

TEST(Metrics, OfNoTokenAreNothing) {
  for (const auto& [name, value] : values_of({})) EXPECT_FALSE(value) << name;
}

TEST(Metrics, RatesOfNoTimeAreNothing) {
  const std::vector<std::int64_t> token_ns{5, 5};
  const Values values = values_of({.batch = 1, .prompt_tokens = 1, .start_ns = 5, .token_ns = token_ns});
  EXPECT_EQ(values.at("latency"), 0);
  EXPECT_FALSE(values.at("tokens_per_second"));
  EXPECT_FALSE(values.at("decode_tokens_per_second"));
}

TEST(TokenTimeline, StampsEachTokenInOrderAndKeepsTheFirstRow) {
  const InterruptFlag interrupt;
  TokenTimeline timeline(2, 3, interrupt);
  const std::int64_t before_ns = monotonic_now_ns();
  timeline.start();
  for (std::int64_t token = 0; token < 3; ++token)
    timeline.on_tokens(std::vector{10 + token, std::int64_t{0}});
  EXPECT_NO_THROW(timeline.check_complete());
  EXPECT_THAT(timeline.first_row_ids(), testing::ElementsAre(10, 11, 12));
  ASSERT_EQ(timeline.token_ns().size(), 3U);
  std::int64_t last_ns = before_ns;
  for (const std::int64_t stamp_ns :
       {timeline.start_ns(), timeline.token_ns()[0], timeline.token_ns()[1], timeline.token_ns()[2]}) {
    EXPECT_GE(stamp_ns, last_ns);
    last_ns = stamp_ns;
  }
  EXPECT_GE(monotonic_now_ns(), last_ns);
}

TEST(TokenTimeline, StartForgetsTheIterationBefore) {
  const InterruptFlag interrupt;
  TokenTimeline timeline(1, 1, interrupt);
  timeline.start();
  timeline.on_tokens(std::vector<std::int64_t>{1});
  timeline.start();
  EXPECT_TRUE(timeline.token_ns().empty());
  timeline.on_tokens(std::vector<std::int64_t>{2});
  EXPECT_THAT(timeline.first_row_ids(), testing::ElementsAre(2));
}

TEST(TokenTimeline, RefusesWrongCounts) {
  const InterruptFlag interrupt;
  TokenTimeline timeline(2, 1, interrupt);
  timeline.start();
  const auto give = [&](std::size_t batch) { timeline.on_tokens(std::vector<std::int64_t>(batch)); };
  EXPECT_EQ(test::error_text([&] { timeline.check_complete(); }),
            "the model gave 0 new tokens of the 1 it was asked for");
  EXPECT_EQ(test::error_text([&] { give(1); }), "the model gave tokens of 1 sequences, the batch has 2");
  EXPECT_EQ(test::error_text([&] { give(0); }), "the model gave tokens of 0 sequences, the batch has 2");
  give(2);
  EXPECT_EQ(test::error_text([&] { give(2); }), "the model gave more than the 1 new tokens it was asked for");
}

TEST(TokenTimeline, ThrowsAtTheTokenAfterAnInterrupt) {
  InterruptFlag interrupt;
  TokenTimeline timeline(1, 2, interrupt);
  timeline.start();
  timeline.on_tokens(std::vector<std::int64_t>{1});
  interrupt.raise();
  EXPECT_THROW(timeline.on_tokens(std::vector<std::int64_t>{1}), Interrupted);
}

TEST(TokenTimeline, OfAnEncoderHasOneStamp) {
  InterruptFlag interrupt;
  TokenTimeline timeline(2, 0, interrupt);
  timeline.start();
  EXPECT_EQ(test::error_text([&] { timeline.check_complete(); }), "the model gave no hidden states");
  timeline.on_encoded();
  timeline.check_complete();
  ASSERT_EQ(timeline.token_ns().size(), 1U);
  EXPECT_GE(timeline.token_ns()[0], timeline.start_ns());
  EXPECT_TRUE(timeline.first_row_ids().empty());
  EXPECT_EQ(test::error_text([&] { timeline.on_encoded(); }), "the model gave hidden states twice");
  timeline.start();
  EXPECT_EQ(test::error_text([&] {
              timeline.on_tokens(std::vector<std::int64_t>{1, 2});
            }),
            "the model gave tokens, and hidden states were asked for");
}

TEST(TokenTimeline, OfADecoderRefusesHiddenStates) {
  InterruptFlag interrupt;
  TokenTimeline timeline(1, 3, interrupt);
  timeline.start();
  EXPECT_EQ(test::error_text([&] { timeline.on_encoded(); }),
            "the model gave hidden states, and tokens were asked for");
}

}  // namespace
}  // namespace bv2
