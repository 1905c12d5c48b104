// Attention's definition in basic operations against double precision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/ops/layer.h"
#include "support/attention_oracle.h"
#include "support/reference_executor.h"
#include "support/values.h"

namespace bv2::engine {
namespace {

using test::AttentionCase;
using test::AttentionExpected;
using test::AttentionInputs;

std::vector<double> run(const AttentionCase& shape, const AttentionInputs& in) {
  test::ReferenceExecutor executor;
  Context context(executor, AttentionPath::eager);
  const Tensor result = context.apply(shape.attention, in.q, in.k, in.v, in.padding);
  EXPECT_EQ(result.shape(), in.q.shape());
  EXPECT_EQ(result.dtype(), shape.dtype);
  return test::values_of(result);
}

/// In float32 as exact as the sdpa paths; in the others every step of the definition rounds.
void check(const AttentionCase& shape) {
  std::mt19937_64 random(1);
  const AttentionInputs in = test::random_inputs(shape, random);
  const AttentionExpected expected = test::expected_attention(shape, in);
  const std::vector<double> values = run(shape, in);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!expected.sees_a_key[i]) continue;
    ASSERT_NEAR(values[i], expected.out[i], expected.eager_bound[i]) << shape.name();
  }
}

TEST(EagerAttention, Prefill) {
  check({.batch = 2, .kv_heads = 2, .group = 3, .tokens = 6, .keys = 6, .attention = {.scale = 0.125}});
  check({.kv_heads = 2, .group = 2, .tokens = 5, .keys = 9, .head_dim = 7, .attention = {.scale = 0.3}});
  check({.tokens = 5, .keys = 9, .head_dim = 7, .attention = {.scale = 0.3, .causal = false}});
}

TEST(EagerAttention, Decode) {
  check({.batch = 2, .kv_heads = 3, .group = 3, .keys = 40, .attention = {.scale = 0.125}});
}

TEST(EagerAttention, WindowPaddingAndSoftcap) {
  check({.kv_heads = 2, .group = 2, .tokens = 9, .keys = 12, .attention = {.scale = 0.125, .window = 4}});
  check({.group = 2, .tokens = 1, .keys = 12, .attention = {.scale = 0.125, .window = 4}});
  check({.batch = 3,
         .group = 2,
         .tokens = 9,
         .keys = 12,
         .attention = {.scale = 0.125},
         .padding = {0, 4, 11}});
  check({.group = 2, .tokens = 4, .keys = 12, .attention = {.scale = 2, .softcap = 3}});
}

TEST(EagerAttention, LowPrecision) {
  for (const Dtype dtype : {Dtype::bfloat16, Dtype::float16}) {
    check({.batch = 2, .group = 3, .tokens = 6, .keys = 9, .dtype = dtype, .attention = {.scale = 0.125}});
    check({.group = 3, .keys = 30, .dtype = dtype, .attention = {.scale = 1, .softcap = 5}});
  }
}

/// A padding token's result goes into its key and value in the next layer, where NaN * 0 would reach the
/// others.
TEST(EagerAttention, ARowThatSeesNoKeyIsTheMeanOfTheValues) {
  std::mt19937_64 random(2);
  const AttentionCase shape{
      .batch = 2, .tokens = 3, .keys = 3, .head_dim = 2, .attention = {.scale = 1}, .padding = {2, 0}};
  const AttentionInputs in = test::random_inputs(shape, random);
  const std::vector<double> values = run(shape, in);
  const std::vector<double> v = test::values_of(in.v);
  for (std::size_t column = 0; column < 2; ++column) {
    const double mean = (v[column] + v[2 + column] + v[4 + column]) / 3;
    EXPECT_NEAR(values[column], mean, 0x1p-22);      // token 0
    EXPECT_NEAR(values[2 + column], mean, 0x1p-22);  // token 1
    EXPECT_NEAR(values[4 + column], v[4 + column], 0x1p-22);
  }
}

TEST(EagerAttention, IsRecordedOnceByName) {
  std::mt19937_64 random(3);
  const AttentionCase shape{.tokens = 2, .keys = 2, .attention = {.scale = 1}};
  const AttentionInputs in = test::random_inputs(shape, random);
  test::ReferenceExecutor executor;
  Context context(executor, AttentionPath::eager);
  context.apply(shape.attention, in.q, in.k, in.v, in.padding);
  EXPECT_THAT(context.record().definitions, testing::ElementsAre(testing::Pair("attention", 1)));
}

}  // namespace
}  // namespace bv2::engine
