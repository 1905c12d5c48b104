// The sdpa paths against double precision, on every instruction set and on one and two threads.
#include "engine/ops/sdpa.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <barrier>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include "engine/ops/sdpa_kernels.h"
#include "support/attention_oracle.h"
#include "support/reference_executor.h"
#include "support/targets.h"
#include "support/values.h"

namespace bv2::engine {
namespace {

using test::AttentionCase;
using test::AttentionExpected;
using test::AttentionInputs;

struct NamedPath {
  AttentionPath path;
  std::string_view name;
};

constexpr std::array sdpa_paths{NamedPath{AttentionPath::sdpa_math, "math"},
                                NamedPath{AttentionPath::sdpa_flash_attention, "flash_attention"},
                                NamedPath{AttentionPath::sdpa_efficient_attention, "efficient_attention"}};

/// Whether the path rounds the powers to bfloat16 on the processor (or the instruction set it is capped to).
bool rounds_powers(AttentionPath path, const AttentionCase& shape) {
  if (path == AttentionPath::sdpa_math || row_lane_kernels(shape.dtype).steps_per_word == 1) return false;
  return path == AttentionPath::sdpa_efficient_attention ||
         shape.tokens * shape.group > decode_kernels().max_rows;
}

const std::vector<double>& bound_of(AttentionPath path, const AttentionCase& shape,
                                    const AttentionExpected& expected) {
  return rounds_powers(path, shape) ? expected.paired_bound : expected.single_bound;
}

/// The first element outside its bound, or an empty string.
std::string first_difference(const Tensor& result, const std::vector<double>& bound,
                             const AttentionExpected& expected) {
  const std::vector<double> values = test::values_of(result);
  if (values.size() != expected.out.size()) return "the result has another size";
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(values[i] - expected.out[i]);
    if (difference <= bound[i]) continue;  // false for NaN
    return fmt::format("element {}: {} instead of {}, bound {}", i, values[i], expected.out[i], bound[i]);
  }
  return {};
}

/// Flash attention by a team that runs already.
Tensor flash_in_parts(const AttentionCase& shape, const AttentionInputs& in, int threads) {
  const Tensor out(in.q.dtype(), in.q.shape());
  const FlashShape largest{.batch = in.q.size(0),
                           .heads = in.q.size(1),
                           .kv_heads = in.k.size(1),
                           .tokens = in.q.size(2),
                           .keys = in.k.size(2) + 100,  // memory is taken for the keys that are still to come
                           .head_dim = in.q.size(3),
                           .dtype = in.q.dtype()};
  std::vector<std::byte> scratch(flash_part_scratch_bytes(largest, threads));
  std::barrier together(threads);
  const auto work = [&](int thread) {
    const TeamPart part{
        .thread = thread, .threads = threads, .team = &together, .wait_for_all = [](void* team) {
          static_cast<std::barrier<>*>(team)->arrive_and_wait();
        }};
    flash_attention_part(shape.attention, in.q, in.k, in.v, in.padding, out, scratch, part);
  };
  std::vector<std::jthread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
  work(0);
  others.clear();
  return out;
}

void check_all_paths(const AttentionCase& shape, std::mt19937_64& random) {
  const AttentionInputs in = test::random_inputs(shape, random);
  const AttentionExpected expected = test::expected_attention(shape, in);
  test::for_each_target([&](const std::string& target) {
    for (const int threads : {1, 2}) {
      const test::ThreadCount count(threads);
      for (const NamedPath& path : sdpa_paths) {
        const Tensor result = sdpa(path.path, shape.attention, in.q, in.k, in.v, in.padding);
        EXPECT_EQ(first_difference(result, bound_of(path.path, shape, expected), expected), "")
            << path.name << ' ' << target << " threads " << threads << ": " << shape.name();
      }
      constexpr AttentionPath flash = AttentionPath::sdpa_flash_attention;
      EXPECT_EQ(
          first_difference(flash_in_parts(shape, in, threads), bound_of(flash, shape, expected), expected),
          "")
          << "in parts, " << target << " threads " << threads << ": " << shape.name();
    }
  });
}

template <class T>
T pick(std::mt19937_64& random, std::initializer_list<T> from) {
  return *(from.begin() + static_cast<std::ptrdiff_t>(random() % from.size()));
}

AttentionCase random_case(std::mt19937_64& random) {
  AttentionCase shape;
  shape.batch = pick<std::int64_t>(random, {1, 2, 3});
  shape.kv_heads = pick<std::int64_t>(random, {1, 2, 3});
  shape.group = 1 + static_cast<std::int64_t>(random() % 8);
  shape.tokens = pick<std::int64_t>(random, {1, 1, 2, 5, 16, 17, 33, 70});
  shape.keys = shape.tokens + pick<std::int64_t>(random, {0, 0, 1, 31, 130, 300});
  shape.head_dim = pick<std::int64_t>(random, {64, 80, 7, 1});
  shape.dtype = pick(random, {Dtype::float32, Dtype::bfloat16, Dtype::float16});
  shape.attention.scale = 1 / std::sqrt(static_cast<double>(shape.head_dim));
  shape.attention.causal = random() % 4 != 0;
  shape.attention.window = pick<std::int64_t>(random, {0, 0, 1, 9, 64});
  shape.attention.softcap = pick<double>(random, {0, 0, 0, 2, 30});
  if (random() % 3 == 0) {
    for (std::int64_t row = 0; row < shape.batch; ++row) {
      shape.padding.push_back(static_cast<double>(random() % static_cast<std::uint64_t>(shape.keys + 1)));
    }
  }
  return shape;
}

class RandomShapes : public testing::TestWithParam<int> {};

TEST_P(RandomShapes, EveryPathAgreesWithDoublePrecision) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  for (int i = 0; i < 8; ++i) check_all_paths(random_case(random), random);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomShapes, testing::Range(0, 12));

TEST(Sdpa, TestsReachEveryInstructionSet) {
  std::vector<std::string> targets;
  test::for_each_target([&](const std::string& target) {
    targets.push_back(target);
    const std::int64_t lanes = row_lane_kernels().lanes;
    const std::map<std::string, std::int64_t> known{{"AVX3", 16}, {"AVX2", 8}, {"SSE4", 4}, {"NEON", 4}};
    const auto found = known.find(target);
    if (found == known.end()) return;
    EXPECT_EQ(lanes, found->second) << target;
  });
  EXPECT_FALSE(targets.empty());
  std::cout << fmt::format("{}\n", fmt::join(targets, " "));
}

TEST(Sdpa, DecodesAgainstALongCache) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    check_all_paths({.kv_heads = 3, .group = 3, .keys = 1500, .dtype = dtype, .attention = {.scale = 0.125}},
                    random);
    check_all_paths({.group = 8, .keys = 2100, .dtype = dtype, .attention = {.scale = 0.125}}, random);
  }
}

TEST(Sdpa, DecodesEveryGroupSize) {
  std::mt19937_64 random(2);
  for (std::int64_t group = 1; group <= 9; ++group) {
    check_all_paths({.kv_heads = 2, .group = group, .keys = 300, .attention = {.scale = 0.125}}, random);
  }
}

TEST(Sdpa, EveryNumberOfTokens) {
  std::mt19937_64 random(3);
  for (std::int64_t tokens = 1; tokens <= 70; tokens += 3) {
    check_all_paths({.tokens = tokens,
                     .keys = tokens + 5,
                     .head_dim = 8,
                     .dtype = Dtype::bfloat16,
                     .attention = {.scale = 0.35}},
                    random);
  }
}

TEST(Sdpa, LargeScoresDoNotOverflow) {
  std::mt19937_64 random(4);
  check_all_paths({.group = 2, .tokens = 20, .keys = 150, .head_dim = 16, .attention = {.scale = 40}},
                  random);
  check_all_paths({.group = 2, .tokens = 1, .keys = 600, .head_dim = 16, .attention = {.scale = 40}}, random);
}

TEST(Sdpa, ARowThatSeesNoKeyIsZero) {
  std::mt19937_64 random(5);
  for (const std::int64_t tokens : {std::int64_t{1}, std::int64_t{30}}) {
    const AttentionCase shape{
        .batch = 2, .tokens = tokens, .keys = 30, .attention = {.scale = 0.125}, .padding = {30, 0}};
    const AttentionInputs in = test::random_inputs(shape, random);
    for (const NamedPath& path : sdpa_paths) {
      const Tensor result = sdpa(path.path, shape.attention, in.q, in.k, in.v, in.padding);
      EXPECT_THAT(test::values_of(result.slice(0, 0, 1)), testing::Each(0.0)) << path.name;
      EXPECT_THAT(test::values_of(result.slice(0, 1, 2)), testing::Not(testing::Contains(0.0))) << path.name;
    }
  }
}

TEST(Sdpa, NaNIsNotHidden) {
  std::mt19937_64 random(6);
  for (const std::int64_t tokens : {std::int64_t{1}, std::int64_t{30}}) {
    const AttentionCase shape{.tokens = tokens, .keys = 30, .attention = {.scale = 0.125}};
    const AttentionInputs in = test::random_inputs(shape, random);
    in.k.data<float>()[5] = std::numeric_limits<float>::quiet_NaN();
    for (const NamedPath& path : sdpa_paths) {
      const Tensor result = sdpa(path.path, shape.attention, in.q, in.k, in.v, in.padding);
      const std::vector<double> last = test::values_of(result.slice(2, tokens - 1, tokens));
      EXPECT_THAT(last, testing::Each(testing::IsNan())) << path.name << " tokens " << tokens;
    }
  }
}

TEST(Sdpa, MergingTheHeadsOfTheResultMovesNothing) {
  const Tensor q(Dtype::float32, {2, 6, 5, 8});
  const Tensor k(Dtype::float32, {2, 3, 5, 8});
  std::fill_n(q.data<float>(), q.numel(), 0.0F);
  std::fill_n(k.data<float>(), k.numel(), 0.0F);
  const Tensor result = sdpa(AttentionPath::sdpa_flash_attention, {}, q, k, k, {});
  EXPECT_EQ(result.shape(), q.shape());
  EXPECT_TRUE(result.transpose(1, 2).is_contiguous());
}

/// eager rounds each step of its definition; where a query sees no key it averages all, which sdpa does not.
TEST(AttentionPaths, Agree) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 40; ++i) {
    const AttentionCase shape = random_case(random);
    const AttentionInputs in = test::random_inputs(shape, random);
    const AttentionExpected expected = test::expected_attention(shape, in);
    test::ReferenceExecutor executor;
    Context context(executor, AttentionPath::eager);
    const std::vector<double> eager =
        test::values_of(context.apply(shape.attention, in.q, in.k, in.v, in.padding));
    for (const NamedPath& path : sdpa_paths) {
      Context other(executor, path.path);
      const std::vector<double> single =
          test::values_of(other.apply(shape.attention, in.q, in.k, in.v, in.padding));
      for (std::size_t j = 0; j < eager.size(); ++j) {
        ASSERT_FALSE(std::isnan(eager[j])) << shape.name();
        if (!expected.sees_a_key[j]) continue;
        ASSERT_LE(std::abs(eager[j] - single[j]),
                  expected.eager_bound[j] + bound_of(path.path, shape, expected)[j])
            << path.name << ": " << shape.name();
      }
    }
  }
}

TEST(Flash, ScratchDoesNotGrowWithTheSequence) {
  FlashShape shape{.heads = 9, .kv_heads = 3, .tokens = 512, .keys = 512, .head_dim = 64};
  const std::size_t at_512 = plan_flash(shape, 2).scratch_bytes;
  shape.tokens = shape.keys = 16384;
  const std::size_t at_16384 = plan_flash(shape, 2).scratch_bytes;
  EXPECT_EQ(at_512, at_16384);
  EXPECT_LT(at_512, std::size_t{512} * 512 * sizeof(float));
  shape.tokens = 1;
  EXPECT_LT(plan_flash(shape, 2).scratch_bytes, std::size_t{256} * 1024);
}

TEST(Flash, SplitsTheKeysWhenHeadsAreFewerThanThreads) {
  const FlashShape one_head{.heads = 4, .kv_heads = 1, .tokens = 1, .keys = 4096, .head_dim = 64};
  EXPECT_EQ(plan_flash(one_head, 1).splits, 1);
  EXPECT_EQ(plan_flash(one_head, 2).splits, 2);
  EXPECT_EQ(plan_flash(one_head, 8).splits, 8);
  const FlashShape three_heads{.heads = 9, .kv_heads = 3, .tokens = 1, .keys = 4096, .head_dim = 64};
  EXPECT_EQ(plan_flash(three_heads, 2).splits, 2);
}

TEST(Sdpa, RefusesWhatDoesNotFit) {
  const Tensor q(Dtype::float32, {1, 4, 3, 8});
  const Tensor k(Dtype::float32, {1, 3, 3, 8});
  const Tensor half(Dtype::bfloat16, {1, 4, 3, 8});
  const auto run = [](const Tensor& queries, const Tensor& keys, const Tensor& values,
                      const Tensor& padding) {
    return sdpa(AttentionPath::sdpa_math, {}, queries, keys, values, padding);
  };
  EXPECT_THROW(run(q, k, k, {}), Error);                                // 4 heads, 3 kv_heads
  EXPECT_THROW(run(q, half, half, {}), Error);                          // dtypes
  EXPECT_THROW(run(q, q.slice(2, 0, 2), q.slice(2, 0, 2), {}), Error);  // more tokens than keys
  EXPECT_THROW(run(q, q, q.slice(3, 0, 7), {}), Error);
  EXPECT_THROW(run(q, q, q, Tensor(Dtype::int64, {2})), Error);
  EXPECT_THROW(run(q.transpose(2, 3), q.transpose(2, 3), q.transpose(2, 3), {}), Error);
  EXPECT_THROW(sdpa(AttentionPath::eager, {}, q, q, q, {}), Error);
}

}  // namespace
}  // namespace bv2::engine
