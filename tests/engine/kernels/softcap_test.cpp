// The softcap kernel against its definition.
#include <gtest/gtest.h>

#include <random>

#include "support/kernels.h"

namespace bv2::engine {
namespace {

TEST(SoftcapKernel, EqualsItsDefinition) {
  std::mt19937_64 random(2);
  test::ReferenceContext reference;
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    for (const std::int64_t width : {1, 15, 64, 333, 20'000}) {
      const Tensor x = test::random_tensor(random, dtype, {2, 1, width}, 40);
      const Softcap op{.cap = 30};
      const std::vector<double> expected = test::values_of(op.define(reference.context, test::exact(x)));
      std::vector<double> bounds;
      // The function's few roundings in float32, and the store.
      for (const double value : expected) {
        const double error = 16 * 0x1p-24 * std::abs(value);
        bounds.push_back(error + test::store_error(dtype, std::abs(value) + error));
      }
      const int calls = test::for_each_kernel(
          dtype, op,
          [&](const Tensor& found, const std::string& how) {
            EXPECT_EQ(test::first_outside(found, expected, bounds), "")
                << how << ' ' << name(dtype) << ' ' << width;
          },
          x);
      EXPECT_GT(calls, 0);
    }
  }
}

}  // namespace
}  // namespace bv2::engine
