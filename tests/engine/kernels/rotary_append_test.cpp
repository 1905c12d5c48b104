// The rotation with the append to the cache, against its definition.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "support/kernels.h"

namespace bv2::engine {
namespace {

constexpr Dtype dtypes[]{Dtype::float32, Dtype::bfloat16, Dtype::float16};

/// [batch, heads, tokens, head_dim] over memory [batch, tokens, heads, head_dim], as a projection gives it.
Tensor projected(std::mt19937_64& random, Dtype dtype, const Shape& shape) {
  return test::random_tensor(random, dtype, {shape[0], shape[2], shape[1], shape[3]}).transpose(1, 2);
}

/// Two products and their sum, in float32, and the store.
std::vector<double> bounds_of(Dtype dtype, const Tensor& x, const std::vector<double>& expected) {
  double largest = 0;
  for (const double value : test::values_of(test::magnitudes(x))) largest = std::max(largest, value);
  std::vector<double> bounds;
  for (const double value : expected) {
    const double error = test::sum_error(4, 2 * largest);
    bounds.push_back(error + test::store_error(dtype, std::abs(value) + error));
  }
  return bounds;
}

class RotaryAppendKernel : public testing::TestWithParam<int> {};

TEST_P(RotaryAppendKernel, RotaryAppendEqualsItsDefinition) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  test::ReferenceContext reference;
  for (int i = 0; i < 8; ++i) {
    const Dtype dtype = dtypes[random() % 3];
    const auto upto = [&](std::uint64_t limit) { return 1 + static_cast<std::int64_t>(random() % limit); };
    const std::int64_t batch = upto(3);
    const std::int64_t tokens = random() % 2 == 0 ? 1 : upto(90);
    const std::int64_t heads = upto(4);
    const std::int64_t kv_heads = upto(3);
    const std::int64_t rotary_dim = 2 * upto(40);
    const std::int64_t head_dim = rotary_dim + (random() % 2 == 0 ? 0 : upto(20));
    const Qkv qkv{projected(random, dtype, {batch, heads, tokens, head_dim}),
                  projected(random, dtype, {batch, kv_heads, tokens, head_dim}),
                  projected(random, dtype, {batch, kv_heads, tokens, head_dim})};
    const std::int64_t rows = random() % 2 == 0 ? 1 : batch;
    const bool rotary = random() % 4 != 0;
    const auto angles = [&] {
      return rotary ? test::random_tensor(random, dtype, {rows, 1, tokens, rotary_dim}, 0.5) : Tensor();
    };
    const Tensor cos = angles();
    const Tensor sin = angles();
    const Shape cached{batch, kv_heads, tokens, head_dim};
    const Tensor exact_keys(Dtype::float64, cached);
    const Tensor exact_values(Dtype::float64, cached);
    const Tensor expected =
        RotaryAppend{}.define(reference.context, {test::exact(qkv.q), test::exact(qkv.k), test::exact(qkv.v)},
                              test::exact(cos), test::exact(sin), exact_keys, exact_values);
    const Tensor zero(dtype, cached);
    test::assign(zero, std::vector<double>(static_cast<std::size_t>(cached.product())));
    const Tensor keys = test::in_larger_cache(zero, 5);
    const Tensor values = test::in_larger_cache(zero, 5);
    const auto check = [&](const Tensor& found, const Tensor& exact, const Tensor& x,
                           const std::string& how) {
      const std::vector<double> wanted = test::values_of(exact);
      EXPECT_EQ(test::first_outside(found, wanted, bounds_of(dtype, x, wanted)), "")
          << how
          << fmt::format(": {} batch {} tokens {} heads {} of {} ({} rotated)", name(dtype), batch, tokens,
                         heads, head_dim, rotary ? rotary_dim : 0);
    };
    const int calls = test::for_each_kernel(
        dtype, RotaryAppend{},
        [&](const Tensor& rotated, const std::string& how) {
          check(rotated, expected, qkv.q, how);
          check(keys, exact_keys, qkv.k, how);
          EXPECT_EQ(test::values_of(values), test::values_of(exact_values)) << how;
          test::assign(keys, test::values_of(zero));
          test::assign(values, test::values_of(zero));
        },
        qkv, cos, sin, keys, values);
    EXPECT_GT(calls, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RotaryAppendKernel, testing::Range(0, 6));

}  // namespace
}  // namespace bv2::engine
