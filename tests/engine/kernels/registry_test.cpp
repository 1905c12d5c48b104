// What the registry offers, prefers and says of it.
#include "engine/kernels/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops/experts.h"
#include "support/kernels.h"

namespace bv2::engine {

/// An operation that only these tests have. The result says who computed it.
struct TestOperation {
  static constexpr std::string_view name = "test_operation";
  int define(Context&, const Tensor& x) const { return x.numel() > 0 ? 0 : -1; }
};

namespace {

using testing::ElementsAre;

bool takes_few(const Context&, const TestOperation&, const Tensor& x) { return x.numel() <= 4; }
bool takes_some(const Context&, const TestOperation&, const Tensor& x) { return x.numel() <= 8; }
template <int result>
int give(Context&, const TestOperation&, const Tensor&) {
  return result;
}

std::string none(Dtype) { return {}; }

KernelFacts facts(std::string_view name, int rank, std::vector<Dtype> dtypes,
                  std::string (*isa)(Dtype) = own_isa) {
  return {.operation = {}, .name = name, .rank = rank, .when = "", .dtypes = std::move(dtypes), .isa = isa};
}

const KernelRegistration<TestOperation> registered[]{
    {facts("general", 1, {Dtype::float32, Dtype::bfloat16}), takes_some, give<1>},
    {facts("special", 2, {Dtype::float32}), takes_few, give<2>},
    {facts("foreign", 3, {Dtype::float32}, none), takes_some, give<3>},
};

class Kernelized {
 public:
  explicit Kernelized(Dtype dtype) { kernels_.table = kernels_for(dtype); }
  int apply(std::int64_t size) { return context_.apply(TestOperation{}, Tensor(Dtype::float32, {size})); }
  [[nodiscard]] const EffectiveRecord& record() const { return context_.record(); }

 private:
  test::ReferenceExecutor executor_;
  KernelSet kernels_;
  Context context_{executor_, AttentionPath::eager, &kernels_};
};

std::string label(std::string_view kernel) {
  return fmt::format("test_operation/{}/{}", kernel, own_isa(Dtype::float32));
}

TEST(Registry, RunsTheBestKernelThatFits) {
  Kernelized kernelized(Dtype::float32);
  EXPECT_EQ(kernelized.apply(4), 2);
  EXPECT_EQ(kernelized.apply(8), 1);
  EXPECT_EQ(kernelized.apply(3), 2);
  EXPECT_THAT(kernelized.record().kernels,
              ElementsAre(testing::Pair(label("general"), 1), testing::Pair(label("special"), 2)));
  EXPECT_TRUE(kernelized.record().definitions.empty());
}

TEST(Registry, RunsTheDefinitionWhereNothingFits) {
  Kernelized kernelized(Dtype::float32);
  EXPECT_EQ(kernelized.apply(9), 0);
  EXPECT_TRUE(kernelized.record().kernels.empty());
  EXPECT_THAT(kernelized.record().definitions, ElementsAre(testing::Pair("test_operation", 1)));
}

TEST(Registry, OffersOnlyKernelsOfTheDtype) {
  EXPECT_EQ(Kernelized(Dtype::bfloat16).apply(4), 1);
  EXPECT_EQ(Kernelized(Dtype::float16).apply(4), 0);
}

TEST(Registry, ContextsWithoutKernelsRunDefinitions) {
  test::ReferenceContext eager;
  EXPECT_EQ(eager.context.apply(TestOperation{}, Tensor(Dtype::float32, {1})), 0);
}

TEST(Registry, SaysWhyAKernelComesSecond) {
  std::vector<std::string> told;
  for (const KernelVerdict& verdict : list_kernels()) {
    if (verdict.operation == TestOperation::name && verdict.dtype == Dtype::float32) {
      told.push_back(verdict.kernel + ": " + verdict.verdict);
    }
  }
  EXPECT_THAT(told, ElementsAre("foreign: cannot run float32 on this machine", "special: first choice",
                                "general: where special does not fit"));
}

TEST(Registry, HasKernelsForWhatTheModelsUse) {
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    const KernelTable table = kernels_for(dtype);
    for (const std::string_view operation :
         {Embedding::name, Linear::name, RmsNorm::name, LayerNorm::name, Attention::name, QkvProjection::name,
          RotaryAppend::name, LinearResidual::name, LinearActivation::name, GatedProjection::name,
          NormResidual::name, Softcap::name, ExpertMixture::name}) {
      EXPECT_FALSE(table.of(operation).empty()) << operation << ' ' << name(dtype);
    }
  }
}

}  // namespace
}  // namespace bv2::engine
