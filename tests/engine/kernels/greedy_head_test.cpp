// The head that chooses the next token: the same token as the stored logits give, ties and NaN included.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "engine/eager/eager_executor.h"
#include "engine/kernels/panels.h"
#include "engine/ops/basic.h"
#include "support/kernels.h"

namespace bv2::engine {
namespace {

constexpr Dtype dtypes[]{Dtype::float32, Dtype::bfloat16, Dtype::float16};
constexpr std::int64_t output_counts[]{1, 5, 63, 64, 65, 130, 200, 1000};
constexpr std::int64_t depths[]{1, 2, 31, 32, 33, 257};

std::vector<std::int64_t> ids_of(const Tensor& chosen) {
  const auto ids = chosen.span<std::int64_t>();
  return {ids.begin(), ids.end()};
}

/// argmax of the logits that the kernel of Linear stores, on the instruction set and threads of now.
std::vector<std::int64_t> choice_of_stored_logits(Dtype dtype, const Tensor& x, const Tensor& weight) {
  KernelSet kernels{.table = kernels_for(dtype), .state = {}};
  EagerExecutor executor;
  Context context(executor, AttentionPath::sdpa_flash_attention, &kernels);
  return ids_of(argmax(context, context.apply(Linear{}, x, weight, Tensor())));
}

/// The runs of all kernels on all instruction sets choose `expected`.
void expect_choice(Dtype dtype, const Tensor& x, const Tensor& weight,
                   const std::vector<std::int64_t>& expected) {
  const int calls = test::for_each_kernel(
      dtype, GreedyHead{},
      [&](const Tensor& found, const std::string& how) { EXPECT_EQ(ids_of(found), expected) << how; }, x,
      packed(weight));
  EXPECT_GT(calls, 0);
}

class GreedyHeadKernels : public testing::TestWithParam<int> {};

TEST_P(GreedyHeadKernels, ChoosesWhatTheStoredLogitsChoose) {
  std::mt19937_64 random{static_cast<std::uint64_t>(GetParam())};
  for (int i = 0; i < 12; ++i) {
    const Dtype dtype = dtypes[random() % 3];
    const std::int64_t outputs = output_counts[random() % std::size(output_counts)];
    const std::int64_t depth = depths[random() % std::size(depths)];
    const std::int64_t batch = 1 + static_cast<std::int64_t>(random() % 4);
    const Tensor x = test::random_tensor(random, dtype, {batch, 1, depth});
    const Tensor plain = test::random_tensor(random, dtype, {outputs, depth});
    const Tensor weight = packed(plain);
    test::ReferenceContext reference;
    const auto logits = [&](const Tensor& in, const Tensor& w) {
      return test::values_of(Linear{}.define(reference.context, in, w, Tensor()));
    };
    const std::vector<double> exact = logits(test::exact(x), test::exact(plain));
    const std::vector<double> sizes = logits(test::magnitudes(x), test::magnitudes(plain));
    const int calls = test::for_each_kernel(
        dtype, GreedyHead{},
        [&](const Tensor& found, const std::string& how) {
          ASSERT_EQ(found.shape(), Shape({batch, 1})) << how;
          EXPECT_EQ(ids_of(found), choice_of_stored_logits(dtype, x, weight)) << how;
          for (std::int64_t row = 0; row < batch; ++row) {
            const std::int64_t chosen = row * outputs + ids_of(found)[static_cast<std::size_t>(row)];
            const auto bound = [&](std::int64_t at) {
              const auto index = static_cast<std::size_t>(at);
              const double sum = test::sum_error(2 * depth, sizes[index]);
              return sum + test::store_error(dtype, std::abs(exact[index]) + sum);
            };
            for (std::int64_t at = row * outputs; at < (row + 1) * outputs; ++at) {
              EXPECT_LE(exact[static_cast<std::size_t>(at)] - exact[static_cast<std::size_t>(chosen)],
                        bound(at) + bound(chosen))
                  << how << ' ' << name(dtype) << " row " << row;
            }
          }
        },
        x, weight);
    EXPECT_GT(calls, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, GreedyHeadKernels, testing::Range(0, 5));

/// A head of 200 outputs, over several panels and both threads, whose logits for x = 1 are `logits` at some
/// places and `others` elsewhere.
Tensor head_with(Dtype dtype, double others, std::initializer_list<std::pair<std::int64_t, double>> logits) {
  std::vector<double> values(200, others);
  for (const auto& [index, logit] : logits) values[static_cast<std::size_t>(index)] = logit;
  return test::tensor_from(values, dtype, {200, 1});
}

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(GreedyHeadKernel, TheFirstOfEqualLogitsWins) {
  for (const Dtype dtype : dtypes) {
    const Tensor x = test::tensor_from({1}, dtype, {1, 1, 1});
    expect_choice(dtype, x, head_with(dtype, -3, {{70, 2}, {71, 2}, {199, 2}}), {70});
    expect_choice(dtype, x, head_with(dtype, -3, {{100, 2}, {130, 2}}), {100});
    expect_choice(dtype, x, head_with(dtype, -3, {}), {0});
    expect_choice(dtype, x, head_with(dtype, -infinity, {}), {0});
    expect_choice(dtype, x, head_with(dtype, -infinity, {{130, -7}}), {130});
    expect_choice(dtype, x, head_with(dtype, 1, {{3, infinity}, {150, infinity}}), {3});
  }
}

TEST(GreedyHeadKernel, TheFirstNanWins) {
  for (const Dtype dtype : dtypes) {
    const Tensor x = test::tensor_from({1}, dtype, {1, 1, 1});
    expect_choice(dtype, x, head_with(dtype, -3, {{5, infinity}, {140, nan}, {180, nan}}), {140});
    expect_choice(dtype, x, head_with(dtype, -3, {{100, nan}, {130, nan}}), {100});
    expect_choice(dtype, x, head_with(dtype, nan, {{7, infinity}}), {0});
    expect_choice(dtype, x, head_with(dtype, 0, {{64, nan}, {199, 9}}), {64});
  }
}

TEST(GreedyHeadKernel, LogitsThatRoundingMakesEqualAreEqual) {
  // 256.5 and 257 are both stored as 256.
  const Tensor weight = test::tensor_from({256, 1, 256, 2}, Dtype::bfloat16, {2, 2});
  const Tensor x = test::tensor_from({1, 0.5}, Dtype::bfloat16, {1, 1, 2});
  expect_choice(Dtype::bfloat16, x, weight, {0});
}

TEST(GreedyHeadKernel, LeavesManyRowsAndPlainWeightsToTheDefinition) {
  std::mt19937_64 random{1};
  const Tensor weight = test::random_tensor(random, Dtype::bfloat16, {70, 32});
  const auto runs = [&](std::int64_t rows, const Tensor& head) {
    KernelSet kernels{.table = kernels_for(Dtype::bfloat16), .state = {}};
    EagerExecutor executor;
    Context context(executor, AttentionPath::sdpa_flash_attention, &kernels);
    const Tensor x = test::random_tensor(random, Dtype::bfloat16, {rows, 1, 32});
    EXPECT_EQ(context.apply(GreedyHead{}, x, head).shape(), Shape({rows, 1}));
    return !context.record().definitions.contains(GreedyHead::name);
  };
  EXPECT_TRUE(runs(1, packed(weight)));
  EXPECT_TRUE(runs(4, packed(weight)));
  EXPECT_FALSE(runs(5, packed(weight)));
  EXPECT_FALSE(runs(1, weight));
}

}  // namespace
}  // namespace bv2::engine
