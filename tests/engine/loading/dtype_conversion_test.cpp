// Conversion between dtypes: bit for bit as one by one, for every instruction set that the machine has.
#include "engine/loading/dtype_conversion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "engine/tensor/tensor.h"
#include "support/error_text.h"

namespace bv2::engine {
namespace {

void on_each_instruction_set(const std::function<void()>& check) {
  for (std::int64_t targets = hwy::SupportedTargets(); targets != 0; targets &= targets - 1) {
    const std::int64_t target = targets & -targets;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
}

template <class From, class To>
void expect_as_one_by_one(const std::vector<From>& values) {
  // One byte off, so that nothing is aligned.
  std::vector<std::byte> source(values.size() * sizeof(From) + 1);
  std::memcpy(source.data() + 1, values.data(), values.size() * sizeof(From));
  on_each_instruction_set([&] {
    std::vector<std::byte> target(values.size() * sizeof(To) + 2, std::byte{0xa5});
    convert_elements(DtypeOf<From>::value, source.data() + 1, DtypeOf<To>::value, target.data() + 1,
                     values.size());
    ASSERT_EQ(target.back(), std::byte{0xa5});
    for (std::size_t index = 0; index < values.size(); ++index) {
      const To expected = static_cast<To>(static_cast<float>(values[index]));
      ASSERT_EQ(std::memcmp(target.data() + 1 + index * sizeof(To), &expected, sizeof(To)), 0)
          << "element " << index << ", " << static_cast<float>(values[index]);
    }
  });
}

template <class Half>
std::vector<Half> all_patterns() {
  std::vector<Half> values(65536);
  for (std::size_t index = 0; index < values.size(); ++index) {
    values[index].bits = static_cast<std::uint16_t>(index);
  }
  return values;
}

/// Every exponent and sign, at the mantissas where rounding turns, and random patterns; an odd count.
std::vector<float> telling_floats() {
  std::vector<float> values;
  for (std::uint32_t high = 0; high < 65536; high += 1) {
    for (const std::uint32_t low : {0x0000U, 0x0001U, 0x7fffU, 0x8000U, 0x8001U, 0xffffU}) {
      values.push_back(std::bit_cast<float>((high << 16U) | low));
    }
  }
  std::mt19937 random(1);
  for (int count = 0; count < 100'001; ++count) {
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  }
  return values;
}

TEST(DtypeConversion, IsExactForEveryPairAndInstructionSet) {
  expect_as_one_by_one<float, BFloat16>(telling_floats());
  expect_as_one_by_one<float, Float16>(telling_floats());
  expect_as_one_by_one<BFloat16, float>(all_patterns<BFloat16>());
  expect_as_one_by_one<BFloat16, Float16>(all_patterns<BFloat16>());
  expect_as_one_by_one<Float16, float>(all_patterns<Float16>());
  expect_as_one_by_one<Float16, BFloat16>(all_patterns<Float16>());
  expect_as_one_by_one<double, BFloat16>({1.0, -2.5, 1e300, 1e-300, 0.1});
  expect_as_one_by_one<double, float>({1.0, -2.5, 1e300, 1e-300, 0.1});
  expect_as_one_by_one<Float16, double>(all_patterns<Float16>());
}

TEST(DtypeConversion, EveryLengthIsConvertedToItsEnd) {
  for (std::size_t count = 0; count < 70; ++count) {
    expect_as_one_by_one<float, BFloat16>(std::vector<float>(count, 1.0F + static_cast<float>(count)));
  }
}

TEST(DtypeConversion, RoundsToNearestEven) {
  const std::vector<float> values{0x1.01p0F, 0x1.03p0F, 0x1.010002p0F, 65519.996F,
                                  65520.0F,  0x1p-25F,  0x1.8p-24F};
  std::vector<BFloat16> wide(values.size());
  std::vector<Float16> narrow(values.size());
  const auto* source = reinterpret_cast<const std::byte*>(values.data());
  convert_elements(Dtype::float32, source, Dtype::bfloat16, reinterpret_cast<std::byte*>(wide.data()),
                   values.size());
  convert_elements(Dtype::float32, source, Dtype::float16, reinterpret_cast<std::byte*>(narrow.data()),
                   values.size());
  EXPECT_EQ(static_cast<float>(wide[0]), 0x1.00p0F);  // ties go to the even one
  EXPECT_EQ(static_cast<float>(wide[1]), 0x1.04p0F);
  EXPECT_EQ(static_cast<float>(wide[2]), 0x1.02p0F);
  EXPECT_EQ(static_cast<float>(narrow[3]), 65504.0F);
  EXPECT_TRUE(std::isinf(static_cast<float>(narrow[4])));
  EXPECT_EQ(static_cast<float>(narrow[5]), 0.0F);
  EXPECT_EQ(static_cast<float>(narrow[6]), 0x1p-23F);
}

TEST(DtypeConversion, EqualDtypesAreCopiedAndIntegersNotConverted) {
  const std::int64_t ids[] = {5, -6};
  std::int64_t copy[2] = {};
  convert_elements(Dtype::int64, reinterpret_cast<const std::byte*>(ids), Dtype::int64,
                   reinterpret_cast<std::byte*>(copy), 2);
  EXPECT_EQ(copy[1], -6);
  EXPECT_THAT(test::error_text([&] {
                convert_elements(Dtype::int64, reinterpret_cast<const std::byte*>(ids), Dtype::float32,
                                 reinterpret_cast<std::byte*>(copy), 2);
              }),
              testing::HasSubstr("int64 cannot be converted to float32"));
  EXPECT_TRUE(is_floating(Dtype::float64));
  EXPECT_FALSE(is_floating(Dtype::int8));
}

}  // namespace
}  // namespace bv2::engine
