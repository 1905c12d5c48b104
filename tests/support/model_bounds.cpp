// How far a model's logits may be from the reference's, with which experts.
#include "support/model_bounds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/eager/eager_executor.h"
#include "engine/loading/checkpoint.h"
#include "engine/models/model.h"

namespace bv2::test {

using engine::Tensor;

double rounding_bound(const engine::ModelConfig& config, Dtype dtype, double logits_rms) {
  const auto roundings = static_cast<double>(24 * config.num_hidden_layers + 4);
  return roundings * info(dtype).epsilon / 2 * logits_rms;
}

double root_mean_square(std::span<const float> values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

std::string first_logit_outside(const engine::ModelConfig& config, Dtype dtype, const Tensor& found,
                                const Tensor& expected) {
  if (found.shape() != expected.shape()) return "the shapes differ";
  const std::span<const float> values = found.span<float>();
  const std::span<const float> wanted = expected.span<float>();
  const double low_precision = rounding_bound(config, dtype, root_mean_square(wanted));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double exact = wanted[i];
    const double bound = dtype == Dtype::float32 ? 1e-4 * std::max(1.0, std::abs(exact)) : low_precision;
    if (std::abs(values[i] - exact) <= bound) continue;  // false for NaN
    return fmt::format("logit {}: {} instead of {}, bound {}", i, values[i], exact, bound);
  }
  return {};
}

ExactExperts::ExactExperts(const std::filesystem::path& folder, const Tensor& ids) {
  engine::Checkpoint weights(folder);
  const auto model = engine::make_model(engine::read_model_config(folder), weights, Dtype::float32);
  engine::EagerExecutor executor;
  engine::Context context(executor, engine::AttentionPath::sdpa_math);
  context.set_expert_watch([this](const ExpertChoice& choice) {
    choices_.push_back(
        {{choice.logits.begin(), choice.logits.end()}, {choice.ids.begin(), choice.ids.end()}});
  });
  engine::KvCache cache = model->make_cache(ids.size(0), ids.size(1));
  (void)model->forward(context, ids, cache, engine::LogitsOf::all_tokens);
}

ExpertWatch ExactExperts::watch(const engine::ModelConfig& config, Dtype dtype) const {
  return [this, &config, dtype, mixture = std::size_t{0}](const ExpertChoice& found) mutable {
    const Choice& exact = choices_.at(mixture++);
    // Two logits, each as far off as rounding may move it.
    replace(found, exact, 2 * rounding_bound(config, dtype, root_mean_square(exact.logits)));
  };
}

void ExactExperts::replace(const ExpertChoice& found, const Choice& exact, double bound) {
  ASSERT_EQ(found.ids.size(), exact.ids.size());
  const auto chosen = static_cast<std::size_t>(found.chosen);
  for (std::size_t row = 0; row < found.ids.size() / chosen; ++row) {
    const auto logit = [&](std::int64_t expert) -> double {
      return exact.logits[row * static_cast<std::size_t>(found.experts) + static_cast<std::size_t>(expert)];
    };
    const auto wanted = std::span(exact.ids).subspan(row * chosen, chosen);
    const auto other = found.ids.subspan(row * chosen, chosen);
    for (const std::int64_t expert : other)
      EXPECT_LE(logit(wanted.back()) - logit(expert), bound) << "row " << row << ", expert " << expert;
    std::ranges::copy(wanted, other.begin());
  }
}

}  // namespace bv2::test
