// The instruction set that the environment allows. Each case is a process of its own: the variable is read
// once.
#include "engine/ops/isa.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/eager/eager_executor.h"
#include "hwy/targets.h"
#include "support/error_text.h"
#include "support/run_eager.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Tensor;

/// Whether `isa` is in use once the environment asks for at most `wanted`, and the operations still work.
bool works_with(const char* wanted, std::string_view isa) {
  ::setenv("BV2_MAX_ISA", wanted, 1);
  if (engine::effective_isa() != isa) return false;
  const Tensor a = tensor_from({1, 2, 3, 4}, Dtype::bfloat16, {2, 2});
  std::vector<double> rows(40, 2);
  const Tensor b = tensor_from(rows, Dtype::bfloat16, {20, 2});
  const bool few_rows = values_of(run_eager(BasicOp::matmul, {a, a})) == std::vector<double>{7, 10, 15, 22};
  const std::vector<double> products = values_of(run_eager(BasicOp::matmul, {b, a}));
  return few_rows && products.size() == 40 && products[38] == 8 && products[39] == 12;
}

class IsaDeathTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_P(IsaDeathTest, IsHeldToTheVariable) {
  if ((hwy::SupportedTargets() & HWY_AVX2) == 0) GTEST_SKIP() << "needs AVX2";
  EXPECT_EXIT(std::exit(works_with(GetParam(), GetParam()) ? 0 : 1), testing::ExitedWithCode(0), "");
}

INSTANTIATE_TEST_SUITE_P(Each, IsaDeathTest, testing::Values("avx2", "sse4", "scalar"),
                         [](const auto& info) { return std::string(info.param); });

TEST(EffectiveIsa, IsWhatHighwaySupports) {
  if (std::getenv("BV2_MAX_ISA") != nullptr) GTEST_SKIP() << "BV2_MAX_ISA holds it to less";
  const std::int64_t targets = hwy::SupportedTargets();
  const std::string_view isa = engine::effective_isa();
  EXPECT_EQ(isa == "neon", HWY_ARCH_ARM_A64 != 0) << isa;
  EXPECT_EQ(isa == "avx512", (targets & (HWY_AVX3 | HWY_AVX3_DL)) != 0) << isa;
  EXPECT_EQ(isa == "avx512" || isa == "avx2", (targets & HWY_AVX2) != 0) << isa;
}

TEST(IsaNameDeathTest, AnUnknownNameIsRefusedWithTheChoices) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto refused = [] {
    ::setenv("BV2_MAX_ISA", "mmx", 1);
    const std::string text = error_text<UsageError>([] { engine::EagerExecutor(); });
    return text == fmt::format("BV2_MAX_ISA is 'mmx'; it can be one of {}",
                               HWY_ARCH_ARM_A64 ? "neon" : "avx512, avx2, sse4, scalar");
  };
  EXPECT_EXIT(std::exit(refused() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace bv2::test
