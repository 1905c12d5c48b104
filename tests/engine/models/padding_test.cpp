// Batches of texts of unequal length: each row is what it is alone, for every family.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/eager/eager_executor.h"
#include "engine/generation/greedy.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "support/family_models.h"
#include "support/values.h"

namespace bv2::engine {
namespace {

using Ids = std::vector<std::int64_t>;

using Case = std::tuple<std::string, AttentionPath, bool>;

class PaddedBatch : public testing::TestWithParam<Case> {
 protected:
  PaddedBatch() {
    test::FamilyModel family = test::load_family_model(std::get<0>(GetParam()), Dtype::float32);
    model_ = std::move(family.model);
    if (std::get<2>(GetParam())) {
      kernels_.table = kernels_for(Dtype::float32);
      pack_weights(*model_);
    }
    const std::int64_t length = family.ids.size(1);
    const auto* ids = family.ids.data<std::int64_t>();
    texts_ = {Ids(ids, ids + 9), Ids(ids + length, ids + 2 * length), Ids(ids + 4, ids + 5),
              Ids(ids, ids + 16)};
  }

  KvCache cache(std::int64_t batch, std::int64_t capacity) const {
    return model_->make_cache(batch, capacity);
  }

  static Tensor tensor(const Ids& ids) {
    return tensor_of<std::int64_t>(ids, {1, static_cast<std::int64_t>(ids.size())});
  }

  /// All texts to the length of the longest, by one id that is in none of them at first.
  void pad(Tensor& ids, Tensor& padding) const {
    const auto batch = static_cast<std::int64_t>(texts_.size());
    std::size_t longest = 0;
    for (const Ids& text : texts_) longest = std::max(longest, text.size());
    ids = Tensor(Dtype::int64, {batch, static_cast<std::int64_t>(longest)});
    padding = Tensor(Dtype::int64, {batch});
    std::ranges::fill(ids.span<std::int64_t>(), 0);
    auto* row = ids.data<std::int64_t>();
    for (std::size_t i = 0; i < texts_.size(); ++i, row += longest) {
      padding.data<std::int64_t>()[i] = static_cast<std::int64_t>(longest - texts_[i].size());
      std::ranges::copy(texts_[i], row + longest - texts_[i].size());
    }
  }

  std::unique_ptr<Model> model_;
  EagerExecutor executor_;
  KernelSet kernels_;
  Context context_{executor_, std::get<1>(GetParam()), std::get<2>(GetParam()) ? &kernels_ : nullptr};
  std::vector<Ids> texts_;
};

TEST_P(PaddedBatch, GivesEachRowTheOutputsThatItHasAlone) {
  Tensor ids;
  Tensor padding;
  pad(ids, padding);
  const std::int64_t longest = ids.size(1);
  KvCache together = cache(ids.size(0), longest);
  together.padding = padding;
  const Tensor found = model_->forward(context_, ids, together, LogitsOf::all_tokens);
  for (std::size_t row = 0; row < texts_.size(); ++row) {
    const auto tokens = static_cast<std::int64_t>(texts_[row].size());
    KvCache alone = cache(1, tokens);
    const auto expected =
        test::values_of(model_->forward(context_, tensor(texts_[row]), alone, LogitsOf::all_tokens));
    const auto index = static_cast<std::int64_t>(row);
    const auto values = test::values_of(found.slice(0, index, index + 1).slice(1, longest - tokens, longest));
    ASSERT_EQ(values.size(), expected.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_NEAR(values[i], expected[i], 1e-4 * std::max(1.0, std::abs(expected[i]))) << "row " << row;
    }
  }
}

TEST_P(PaddedBatch, GivesEachRowTheIdsThatItGetsAlone) {
  if (!model_->config().causal) return;  // an encoder generates nothing
  constexpr std::int64_t new_tokens = 12;
  Tensor ids;
  Tensor padding;
  pad(ids, padding);
  const auto generate = [&](const Tensor& prompt, const Tensor& leading) {
    KvCache cache = model_->make_cache(prompt.size(0), prompt.size(1) + new_tokens);
    cache.padding = leading;
    std::vector<Ids> rows(static_cast<std::size_t>(prompt.size(0)));
    const auto keep = [&](std::span<const std::int64_t> tokens) {
      for (std::size_t row = 0; row < tokens.size(); ++row) rows[row].push_back(tokens[row]);
    };
    DirectRunner runner(context_, *model_);
    generate_greedy(runner, cache, prompt, new_tokens, {.on_tokens = keep, .on_logits = {}});
    return rows;
  };
  const std::vector<Ids> together = generate(ids, padding);
  for (std::size_t row = 0; row < texts_.size(); ++row) {
    EXPECT_EQ(together[row], generate(tensor(texts_[row]), {}).at(0)) << "row " << row;
  }
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  const auto& [model, attention, kernels] = info.param;
  std::string text =
      fmt::format("{}_path{}_{}", model, static_cast<int>(attention), kernels ? "kernelized" : "eager");
  std::ranges::replace(text, '-', '_');
  return text;
}

INSTANTIATE_TEST_SUITE_P(EveryFamily, PaddedBatch,
                         testing::Combine(testing::ValuesIn(test::family_models()),
                                          testing::Values(AttentionPath::eager, AttentionPath::sdpa_math,
                                                          AttentionPath::sdpa_flash_attention,
                                                          AttentionPath::sdpa_efficient_attention),
                                          testing::Bool()),
                         case_name);

}  // namespace
}  // namespace bv2::engine
