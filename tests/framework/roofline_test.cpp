// Work and limits, by hand.
#include "framework/roofline.h"

#include <gtest/gtest.h>

namespace bv2::test {
namespace {

ForwardCost small_model() {
  ForwardCost cost;
  cost.weight_bytes = 1000;
  cost.operations_per_token = 800;
  cost.head_operations = 200;
  cost.attention = {{.window = 0, .cache_bytes_per_position = 10, .operations_per_position = 4}};
  return cost;
}

TEST(Roofline, DecodeReadsWeightsOnceAndEachSequencesCache) {
  const Work work = decode_work(small_model(), 3, 20);
  EXPECT_DOUBLE_EQ(work.bytes, 1000 + 3 * 20 * 10);
  EXPECT_DOUBLE_EQ(work.operations, 3 * (800 + 200 + 20 * 4));
}

TEST(Roofline, PrefillComputesTheHeadOfOnePositionAndHalfOfTheScores) {
  const Work work = prefill_work(small_model(), 2, 4);
  EXPECT_DOUBLE_EQ(work.bytes, 1000 + 2 * 4 * 10);
  EXPECT_DOUBLE_EQ(work.operations, 2 * (4 * 800 + 200 + (1 + 2 + 3 + 4) * 4));
}

TEST(Roofline, AnEncoderSeesEveryKeyFromEveryQuery) {
  ForwardCost cost = small_model();
  cost.causal = false;
  cost.head_operations = 0;
  EXPECT_DOUBLE_EQ(prefill_work(cost, 1, 4).operations, 4 * 800 + 16 * 4);
}

TEST(Roofline, AWindowBoundsWhatIsSeen) {
  ForwardCost cost = small_model();
  cost.attention.push_back({.window = 3, .cache_bytes_per_position = 100, .operations_per_position = 1000});
  const Work before = decode_work(small_model(), 1, 2);
  EXPECT_DOUBLE_EQ(decode_work(cost, 1, 2).bytes, before.bytes + 200);
  EXPECT_DOUBLE_EQ(decode_work(cost, 1, 50).bytes, 1000 + 50 * 10 + 3 * 100);
  // Five queries see 1, 2, 3, 3 and 3 keys.
  EXPECT_DOUBLE_EQ(prefill_work(cost, 1, 5).operations - prefill_work(small_model(), 1, 5).operations,
                   12 * 1000);
  // Two see 1 and 2.
  EXPECT_DOUBLE_EQ(prefill_work(cost, 1, 2).operations - prefill_work(small_model(), 1, 2).operations,
                   3 * 1000);
}

TEST(Roofline, OneTokenReadsItsOwnExpertsAndManyReadAll) {
  ForwardCost cost = small_model();
  cost.experts = 8;
  cost.experts_per_token = 2;
  cost.expert_bytes = 5000;
  EXPECT_NEAR(decode_work(cost, 1, 0).bytes, 1000 + 2 * 5000, 1e-6);
  // Two tokens choose 8 (1 - (6/8)^2) = 3.5 of them.
  EXPECT_NEAR(decode_work(cost, 2, 0).bytes, 1000 + 3.5 * 5000, 1e-6);
  EXPECT_NEAR(prefill_work(cost, 1, 1000).bytes, 1000 + 8 * 5000 + 1000 * 10, 1e-6);
}

MachineLimits limits() {
  MachineLimits limits;
  limits.read_bandwidth = {{.threads = 2, .working_set_bytes = 1000, .bytes_per_second = 4000},
                           {.threads = 2, .working_set_bytes = 4000, .bytes_per_second = 2000}};
  limits.product_rate = {{.threads = 2, .dtype = "bfloat16", .operations_per_second = 8000},
                         {.threads = 2, .dtype = "float32", .operations_per_second = 1000}};
  return limits;
}

TEST(MachineLimits, InterpolateByTheLogarithmOfTheSize) {
  EXPECT_DOUBLE_EQ(*limits().read_bytes_per_second(2, 1000), 4000);
  EXPECT_DOUBLE_EQ(*limits().read_bytes_per_second(2, 2000), 3000);
  EXPECT_DOUBLE_EQ(*limits().read_bytes_per_second(2, 4000), 2000);
  EXPECT_DOUBLE_EQ(*limits().read_bytes_per_second(2, 1), 4000);
  EXPECT_DOUBLE_EQ(*limits().read_bytes_per_second(2, 1'000'000), 2000);
  EXPECT_EQ(limits().read_bytes_per_second(1, 1000), std::nullopt);
  EXPECT_EQ(MachineLimits().read_bytes_per_second(2, 1000), std::nullopt);
}

TEST(MachineLimits, ADtypeWithoutProductsHasThoseOfFloat32) {
  EXPECT_DOUBLE_EQ(*limits().operations_per_second(2, "bfloat16"), 8000);
  EXPECT_DOUBLE_EQ(*limits().operations_per_second(2, "float16"), 1000);
  EXPECT_EQ(limits().operations_per_second(1, "float32"), std::nullopt);
}

TEST(Roofline, TheLimitIsTheLongerOfReadingAndComputing) {
  // Prefill: 1000 + 40 bytes, 4 x 800 + 200 + 40 operations at 8000 a second.
  const Roofline found = roofline(small_model(), limits(),
                                  {.batch = 1,
                                   .prompt_tokens = 4,
                                   .new_tokens = 12,
                                   .threads = 2,
                                   .dtype = "bfloat16",
                                   .first_token_seconds = 0.86,
                                   .inter_token_seconds = 0.55});
  EXPECT_EQ(found.prefill.bound, "compute");
  EXPECT_DOUBLE_EQ(*found.prefill.limit_seconds, 0.43);
  EXPECT_DOUBLE_EQ(*found.prefill.percent_of_limit, 50);
  EXPECT_DOUBLE_EQ(found.prefill.operations_per_token, 860);
  // Decode at a context of 4 + 6: 1100 bytes.
  ASSERT_TRUE(found.decode);
  EXPECT_DOUBLE_EQ(*found.decode_context, 10);
  EXPECT_DOUBLE_EQ(found.decode->bytes_per_token, 1100);
  EXPECT_EQ(found.decode->bound, "memory");
  const double rate = *limits().read_bytes_per_second(2, 1100);
  EXPECT_DOUBLE_EQ(*found.decode->percent_of_limit, 100 * (1100 / rate) / 0.55);
}

TEST(Roofline, WithoutLimitsOrTimesTheWorkIsStillTold) {
  const Roofline found = roofline(
      small_model(), {}, {.batch = 2, .prompt_tokens = 4, .new_tokens = 1, .threads = 2, .dtype = "float32"});
  EXPECT_DOUBLE_EQ(found.prefill.bytes, 1080);
  EXPECT_EQ(found.prefill.limit_seconds, std::nullopt);
  EXPECT_EQ(found.prefill.percent_of_limit, std::nullopt);
  EXPECT_FALSE(found.decode) << "one new token is the prompt's";
}

}  // namespace
}  // namespace bv2::test
