// Attention paths at the shapes of SmolLM2-135M and Llama-3.2-1B: prefill in GFLOP/s of what a causal query
// has to compute, decode in GB/s of keys and values read.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cmath>
#include <random>
#include <vector>

#include "engine/ops/sdpa.h"

namespace bv2::engine {
namespace {

struct ModelShape {
  const char* name;
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t head_dim;
};

constexpr ModelShape models[] = {{"SmolLM2-135M", 9, 3, 64}, {"Llama-3.2-1B", 32, 8, 64}};

struct NamedPath {
  AttentionPath path;
  const char* name;
};

constexpr NamedPath paths[] = {{AttentionPath::sdpa_math, "math"},
                               {AttentionPath::sdpa_flash_attention, "flash_attention"},
                               {AttentionPath::sdpa_efficient_attention, "efficient_attention"}};

template <class T>
void fill(const Tensor& tensor, std::mt19937& random) {
  std::normal_distribution<float> normal;
  for (T& value : tensor.span<T>()) value = T(normal(random));
}

Tensor random_tensor(Dtype dtype, const Shape& shape, std::mt19937& random) {
  Tensor tensor(dtype, shape);
  if (dtype == Dtype::bfloat16)
    fill<BFloat16>(tensor, random);
  else
    fill<float>(tensor, random);
  return tensor;
}

/// One layer's call; a new token's projections are strided as a model gives them.
struct Call {
  Call(const ModelShape& model, Dtype dtype, std::int64_t tokens, std::int64_t keys) {
    std::mt19937 random(1);
    q = random_tensor(dtype, {1, tokens, model.heads, model.head_dim}, random).transpose(1, 2);
    k = random_tensor(dtype, {1, model.kv_heads, keys + 64, model.head_dim}, random).slice(2, 0, keys);
    v = random_tensor(dtype, {1, model.kv_heads, keys + 64, model.head_dim}, random).slice(2, 0, keys);
    attention.scale = 1 / std::sqrt(static_cast<double>(model.head_dim));
  }
  Attention attention;
  Tensor q;
  Tensor k;
  Tensor v;
};

void prefill(benchmark::State& state, const ModelShape& model, Dtype dtype, AttentionPath path) {
  const std::int64_t tokens = state.range(0);
  const Call call(model, dtype, tokens, tokens);
  for (auto _ : state) benchmark::DoNotOptimize(sdpa(path, call.attention, call.q, call.k, call.v, {}));
  // Two products of a multiplication and an addition for each pair of a query and a key that it sees.
  const auto pairs = static_cast<double>(tokens) * static_cast<double>(tokens + 1) / 2;
  const double flops = 4 * pairs * static_cast<double>(model.heads * model.head_dim);
  state.counters["flop/s"] = benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
}

void decode(benchmark::State& state, const ModelShape& model, Dtype dtype, AttentionPath path) {
  const std::int64_t keys = state.range(0);
  const Call call(model, dtype, 1, keys);
  for (auto _ : state) benchmark::DoNotOptimize(sdpa(path, call.attention, call.q, call.k, call.v, {}));
  const auto bytes = static_cast<std::int64_t>(call.k.size_bytes() + call.v.size_bytes());
  state.SetBytesProcessed(state.iterations() * bytes);
}

void register_all() {
  for (const ModelShape& model : models) {
    for (const Dtype dtype : {Dtype::bfloat16, Dtype::float32}) {
      for (const NamedPath& path : paths) {
        const std::string name = fmt::format("{}/{}/{}", model.name, bv2::name(dtype), path.name);
        const auto add = [&](const char* phase, auto* function, std::vector<std::int64_t> sizes) {
          auto* registered = benchmark::RegisterBenchmark(
              fmt::format("{}/{}", phase, name).c_str(),
              [=, &model](benchmark::State& state) { function(state, model, dtype, path.path); });
          for (const std::int64_t size : sizes) registered->Arg(size);
          registered->UseRealTime()->Unit(benchmark::kMicrosecond);
        };
        add("prefill", &prefill, {128, 512, 2048});
        add("decode", &decode, {128, 512, 1024, 4096});
      }
    }
  }
}

}  // namespace
}  // namespace bv2::engine

int main(int argc, char** argv) {
  bv2::engine::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
