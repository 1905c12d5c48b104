// How far a model's logits may be from the reference's, and which tokens can be compared at all.
#include "support/model_bounds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/eager/eager_executor.h"
#include "engine/loading/checkpoint.h"
#include "engine/models/model.h"
#include "engine/ops/basic.h"

namespace bv2::test {

using engine::Context;
using engine::ExpertMixture;
using engine::ExpertWeights;
using engine::Kernel;
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
                                const Tensor& expected, const std::vector<std::int64_t>& comparable) {
  if (found.shape() != expected.shape()) return "the shapes differ";
  const std::span<const float> values = found.span<float>();
  const std::span<const float> wanted = expected.span<float>();
  const double low_precision = rounding_bound(config, dtype, root_mean_square(wanted));
  const std::int64_t tokens = expected.size(1);
  const std::int64_t width = expected.size(2);
  for (std::size_t row = 0; row < comparable.size(); ++row) {
    const std::size_t begin = row * static_cast<std::size_t>(tokens * width);
    for (std::size_t i = begin; i < begin + static_cast<std::size_t>(comparable[row] * width); ++i) {
      const double exact = wanted[i];
      const double bound = dtype == Dtype::float32 ? 1e-4 * std::max(1.0, std::abs(exact)) : low_precision;
      if (std::abs(values[i] - exact) <= bound) continue;  // false for NaN
      return fmt::format("logit {}: {} instead of {}, bound {}", i, values[i], exact, bound);
    }
  }
  return {};
}

namespace {

struct RoutingNotes {
  std::vector<Tensor> logits;
};

bool fits_always(const Context&, const ExpertMixture&, const Tensor&, const ExpertWeights&, const Tensor&) {
  return true;
}

Tensor note_and_run(Context& context, const ExpertMixture& op, const Tensor& x, const ExpertWeights& weights,
                    const Tensor& residual) {
  const Tensor rows = engine::reshape(context, x, {-1, x.size(-1)});
  const Tensor logits = context.apply(engine::Linear{}, rows, weights.router, Tensor());
  context.kernel_state().get<RoutingNotes>().logits.push_back(engine::cast(context, logits, Dtype::float32));
  // A packed router is kernelized mode's, whose next kernel this one stands before.
  if (!weights.router.is_plain()) {
    const auto table = engine::kernels_for(x.dtype());
    for (const auto& entry : table.of(ExpertMixture::name)) {
      const auto& kernel = static_cast<const Kernel<ExpertMixture>&>(*entry.kernel);
      if (kernel.run != note_and_run && kernel.fits(context, op, x, weights, residual))
        return kernel.run(context, op, x, weights, residual);
    }
  }
  return op.define(context, x, weights, residual);
}

constexpr int before_all_others = 1000;

std::vector<std::int64_t> chosen_of(std::span<const float> logits, std::int64_t count) {
  std::vector<std::int64_t> order(logits.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](std::int64_t i) { return logits[static_cast<std::size_t>(i)]; });
  order.resize(static_cast<std::size_t>(count));
  std::ranges::sort(order);
  return order;
}

}  // namespace

RoutingRecorder::RoutingRecorder()
    : registration_({.operation = {},
                     .name = "recorder",
                     .rank = before_all_others,
                     .when = "always",
                     .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
                     .isa = engine::own_isa},
                    fits_always, note_and_run) {}

engine::KernelTable RoutingRecorder::alone(Dtype dtype) {
  engine::KernelTable table;
  table.add(ExpertMixture::name, engine::kernels_for(dtype).of(ExpertMixture::name).front());
  return table;
}

const std::vector<Tensor>& RoutingRecorder::logits(engine::KernelSet& kernels) {
  return kernels.state.get<RoutingNotes>().logits;
}

std::vector<std::int64_t> tokens_with_same_experts(const engine::ModelConfig& config, Dtype dtype,
                                                   const std::vector<Tensor>& exact,
                                                   const std::vector<Tensor>& found, std::int64_t batch,
                                                   std::int64_t tokens) {
  std::vector<std::int64_t> same(static_cast<std::size_t>(batch), tokens);
  EXPECT_EQ(exact.size(), found.size());
  for (std::size_t layer = 0; layer < std::min(exact.size(), found.size()); ++layer) {
    const auto experts = static_cast<std::size_t>(exact[layer].size(1));
    // Two logits, each as far off as rounding may move it.
    const double bound = 2 * rounding_bound(config, dtype, root_mean_square(exact[layer].span<float>()));
    for (std::size_t row = 0; row < same.size(); ++row) {
      for (std::int64_t token = 0; token < same[row]; ++token) {
        const std::size_t begin =
            (row * static_cast<std::size_t>(tokens) + static_cast<std::size_t>(token)) * experts;
        const auto logits = exact[layer].span<float>().subspan(begin, experts);
        const auto wanted = chosen_of(logits, config.num_experts_per_token);
        const auto other =
            chosen_of(found[layer].span<float>().subspan(begin, experts), config.num_experts_per_token);
        if (wanted == other) continue;
        double lowest_wanted = logits[static_cast<std::size_t>(wanted[0])];
        for (const auto expert : wanted)
          lowest_wanted = std::min<double>(lowest_wanted, logits[static_cast<std::size_t>(expert)]);
        for (const auto expert : other)
          EXPECT_LE(lowest_wanted - logits[static_cast<std::size_t>(expert)], bound)
              << "layer " << layer << ", row " << row << ", token " << token << ", expert " << expert;
        same[row] = token;
      }
    }
  }
  return same;
}

std::vector<Tensor> exact_router_logits(const std::filesystem::path& folder, const Tensor& ids) {
  engine::Checkpoint weights(folder);
  const auto model = engine::make_model(engine::read_model_config(folder), weights, Dtype::float32);
  engine::KernelSet kernels{.table = RoutingRecorder::alone(Dtype::float32), .state = {}};
  engine::EagerExecutor executor;
  Context context(executor, engine::AttentionPath::sdpa_math, &kernels);
  engine::KvCache cache = model->make_cache(ids.size(0), ids.size(1));
  (void)model->forward(context, ids, cache, engine::LogitsOf::all_tokens);
  return RoutingRecorder::logits(kernels);
}

}  // namespace bv2::test
