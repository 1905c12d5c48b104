// The measured limits are those of this machine: nothing here depends on how fast it is.
#include <gtest/gtest.h>
#include <omp.h>

#include "engine/limits/product_rate.h"
#include "engine/limits/read_bandwidth.h"

namespace bv2::engine {
namespace {

constexpr double short_seconds = 0.002;

TEST(ReadBandwidth, IsThatOfWholeWorkingSets) {
  for (const std::int64_t threads : {1, 2}) {
    for (const std::int64_t bytes : {std::int64_t{1}, std::int64_t{100'000}, std::int64_t{8} << 20U}) {
      const MeasuredBandwidth measured = measure_read_bandwidth(bytes, threads, short_seconds);
      EXPECT_GT(measured.bytes_per_second, 0) << bytes;
      EXPECT_LT(measured.bytes_per_second, 1e14) << "reads were left out";
      EXPECT_NE(measured.pattern.find("stream"), std::string::npos) << measured.pattern;
    }
  }
}

TEST(ReadBandwidth, SetsTheThreads) {
  measure_read_bandwidth(1 << 20, 1, short_seconds);
  EXPECT_EQ(omp_get_max_threads(), 1);
}

TEST(ProductRate, IsMeasuredForWhatTheMachineMultiplies) {
  const auto measured = measure_product_rate(Dtype::float32, 1, short_seconds);
  ASSERT_TRUE(measured);
  EXPECT_GT(measured->operations_per_second, 0);
  EXPECT_LT(measured->operations_per_second, 1e15);
  EXPECT_NE(measured->shape.find(" x "), std::string::npos);
  EXPECT_FALSE(measured->implementation.empty());
}

TEST(ProductRate, OfArithmeticIsKnownForDtypesWithoutProducts) {
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16})
    EXPECT_GT(measure_arithmetic_rate(dtype, 1, short_seconds).operations_per_second, 0) << name(dtype);
}

}  // namespace
}  // namespace bv2::engine
