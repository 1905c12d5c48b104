// What a profiled forward notes: names, nesting, shapes, bytes.
#include "engine/ops/operation_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/eager/eager_executor.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/ops/basic.h"
#include "engine/ops/block.h"
#include "support/family_models.h"

namespace bv2::engine {
namespace {

using testing::ElementsAre;

Tensor filled(const Shape& shape) {
  Tensor tensor(Dtype::float32, shape);
  std::ranges::fill(tensor.span<float>(), 0.5F);
  return tensor;
}

class Profiled : public testing::Test {
 protected:
  Profiled() { context_.set_profile(&profile_); }
  std::vector<std::string> names(const std::vector<OperationSpan>& spans) {
    std::vector<std::string> found;
    for (const OperationSpan& span : spans) found.push_back(span.kind + " " + span.name);
    return found;
  }

  EagerExecutor executor_;
  OperationProfile profile_;
  Context context_{executor_, AttentionPath::sdpa_flash_attention};
};

TEST_F(Profiled, PartsLieInTheirOperation) {
  (void)context_.apply(Linear{}, filled({2, 3}), filled({4, 3}), filled({4}));
  const auto spans = profile_.take();
  EXPECT_THAT(names(spans), ElementsAre("definition linear", "basic reshape", "basic transpose",
                                        "basic matmul", "basic add", "basic reshape"));
  for (std::size_t i = 1; i < spans.size(); ++i) {
    EXPECT_GE(spans[i].start_ns, spans[i - 1].start_ns);
    EXPECT_LE(spans[i].end_ns, spans[0].end_ns);
    EXPECT_LE(spans[i].start_ns, spans[i].end_ns);
  }
  EXPECT_EQ(spans[0].inputs, "float32 [2, 3], float32 [4, 3], float32 [4]");
  EXPECT_EQ(spans[0].outputs, "float32 [2, 4]");
  EXPECT_EQ(spans[0].bytes, 4 * (2 * 3 + 4 * 3 + 4 + 2 * 4));
  EXPECT_EQ(spans[1].bytes, 0) << "a view";
  EXPECT_EQ(spans[3].bytes, 4 * (2 * 3 + 4 * 3 + 2 * 4));
  EXPECT_THAT(profile_.take(), testing::IsEmpty());
}

TEST_F(Profiled, BytesAreThoseThatAreTouched) {
  const Tensor ids = tensor_of<std::int64_t>(std::vector<std::int64_t>{1, 2, 3}, {1, 3});
  (void)context_.apply(Embedding{}, ids, filled({100, 8}));
  auto spans = profile_.take();
  ASSERT_EQ(spans.size(), 2U);
  for (const OperationSpan& span : spans) EXPECT_EQ(span.bytes, 3 * 8 + 2 * 4 * 3 * 8) << span.name;

  (void)add(context_, filled({4, 8}), expand(context_, filled({1, 8}), {4, 8}));
  spans = profile_.take();
  EXPECT_EQ(spans.back().bytes, 4 * (4 * 8 + 8 + 4 * 8)) << "what is repeated is there once";

  const Tensor q = filled({1, 2, 1, 4});
  const Tensor keys = filled({1, 2, 10, 4});
  (void)context_.apply(Attention{.window = 3}, q, keys, keys, Tensor());
  spans = profile_.take();
  EXPECT_EQ(spans.front().bytes, 4 * (2 * 2 * 4 + 2 * 3 * 2 * 4)) << "a window of three of ten keys";
}

TEST_F(Profiled, NothingIsNotedWithoutOne) {
  context_.set_profile(nullptr);
  (void)add(context_, filled({4}), filled({4}));
  EXPECT_THAT(profile_.take(), testing::IsEmpty());
}

/// Every family, both ways: the spans of a forward nest and cover what the record counts.
TEST(ProfiledModels, EachOperationHasItsSpan) {
  for (const std::string& name : test::family_models()) {
    for (const bool kernelized : {false, true}) {
      const test::FamilyModel family = test::load_family_model(name, Dtype::float32);
      KernelSet kernels;
      if (kernelized) {
        pack_weights(*family.model);
        kernels.table = kernels_for(Dtype::float32);
      }
      EagerExecutor executor;
      OperationProfile profile;
      Context context(executor, AttentionPath::sdpa_flash_attention, kernelized ? &kernels : nullptr);
      context.set_profile(&profile);
      KvCache cache = family.model->make_cache(2, family.ids.size(1));
      (void)family.model->forward(context, family.ids, cache, LogitsOf::all_tokens);
      std::int64_t counted = 0;
      for (const auto& [label, count] : context.record().kernels) counted += count;
      std::int64_t noted = 0;
      std::vector<std::int64_t> ends;
      for (const OperationSpan& span : profile.take()) {
        if (span.kind == "kernel") ++noted;
        while (!ends.empty() && ends.back() <= span.start_ns) ends.pop_back();
        if (!ends.empty()) {
          EXPECT_LE(span.end_ns, ends.back()) << name << ' ' << span.name;
        }
        ends.push_back(span.end_ns);
        EXPECT_GE(span.bytes, 0) << name << ' ' << span.name;
      }
      EXPECT_EQ(noted, counted) << name;
    }
  }
}

}  // namespace
}  // namespace bv2::engine
