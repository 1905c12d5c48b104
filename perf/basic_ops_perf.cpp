// Basic operations in eager mode: overhead of an operation on a decode step's tensors, bandwidth on large
// ones, and matrix products at the shapes of two models.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "engine/eager/eager_executor.h"

namespace {

using bv2::BFloat16;
using bv2::Dtype;
using bv2::engine::Attributes;
using bv2::engine::BasicOp;
using bv2::engine::EagerExecutor;
using bv2::engine::Shape;
using bv2::engine::Tensor;

// Weights that are read in turn are together larger than any cache, as those of a model are.
constexpr std::int64_t cold_bytes = 256 << 20U;

template <class T>
void fill(Tensor& x) {
  std::uint32_t state = 1;
  for (T& value : x.span<T>()) {
    state = state * 1664525U + 1013904223U;
    value = T(static_cast<float>(state >> 8U) * 0x1p-23F - 1.F);  // [-1, 1)
  }
}

Tensor numbers(Dtype dtype, const Shape& shape) {
  Tensor x(dtype, shape);
  if (dtype == Dtype::float32) fill<float>(x);
  if (dtype == Dtype::bfloat16) fill<BFloat16>(x);
  if (dtype == Dtype::float16) fill<bv2::Float16>(x);
  return x;
}

/// With repetitions: the least time and the greatest rate, which other load on the machine disturbs least.
void add(const std::string& name, const std::function<void(benchmark::State&)>& run) {
  benchmark::RegisterBenchmark(name.c_str(), run)
      ->UseRealTime()
      ->ComputeStatistics("min", [](const std::vector<double>& v) { return *std::ranges::min_element(v); })
      ->ComputeStatistics("max", [](const std::vector<double>& v) { return *std::ranges::max_element(v); });
}

struct OpCase {
  BasicOp op;
  std::vector<Tensor> inputs;
  Attributes attributes{};
};

void run_op(benchmark::State& state, const OpCase& run) {
  EagerExecutor executor;
  double bytes = 0;
  for (const Tensor& input : run.inputs) bytes += static_cast<double>(input.size_bytes());
  bytes += static_cast<double>(executor.execute({run.op, run.inputs, run.attributes}).size_bytes());
  for (auto _ : state) benchmark::DoNotOptimize(executor.execute({run.op, run.inputs, run.attributes}));
  state.counters["GB/s"] =
      benchmark::Counter(bytes / 1e9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void add_ops(const std::string& group, const Shape& shape, Dtype dtype) {
  const Tensor x = numbers(dtype, shape);
  const Tensor row = numbers(dtype, {shape[-1]});
  Shape column_shape = shape;
  column_shape[-1] = 1;
  const Tensor column = numbers(dtype, column_shape);
  const std::int64_t half = shape[-1] / 2;
  const std::vector<OpCase> cases{
      {BasicOp::cast, {x}, {.dtype = dtype == Dtype::float32 ? Dtype::bfloat16 : Dtype::float32}},
      {BasicOp::neg, {x}},
      {BasicOp::exp, {x}},
      {BasicOp::rsqrt, {x}},
      {BasicOp::tanh, {x}},
      {BasicOp::silu, {x}},
      {BasicOp::gelu, {x}},
      {BasicOp::gelu_tanh, {x}},
      {BasicOp::cos, {x}},
      {BasicOp::mul_scalar, {x}, {.scalar = 0.5}},
      {BasicOp::add, {x, x}},
      {BasicOp::mul, {x, row}},
      {BasicOp::sub, {x, column}},
      {BasicOp::mean, {x}},
      {BasicOp::max, {x}},
      {BasicOp::argmax, {x}},
      {BasicOp::concat, {x, x}, {.dims = {static_cast<std::int64_t>(shape.rank()) - 1}}},
      {BasicOp::contiguous, {x.slice(-1, 0, half)}},
      {BasicOp::contiguous, {x.transpose(-1, -2)}},
      {BasicOp::slice, {x}, {.dims = {-1, 0, half}}},
  };
  for (const OpCase& run : cases) {
    std::string name = fmt::format("{}/{}_{}", group, bv2::engine::name(run.op), bv2::name(dtype));
    for (const Tensor& input : run.inputs) name += to_string(input.shape());
    add(name, [run](benchmark::State& state) { run_op(state, run); });
  }
}

struct Product {
  Dtype dtype;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  bool transposed;  ///< the weight is stored [n, k]
};

void run_product(benchmark::State& state, const Product& product) {
  EagerExecutor executor;
  const Tensor x = numbers(product.dtype, {product.m, product.k});
  const auto bytes = product.n * product.k * static_cast<std::int64_t>(bv2::size_bytes(product.dtype));
  const std::int64_t copies = product.m > 16 ? 1 : cold_bytes / bytes + 1;
  const Shape stored =
      product.transposed ? Shape{copies, product.n, product.k} : Shape{copies, product.k, product.n};
  const Tensor weights =
      product.transposed ? numbers(product.dtype, stored).transpose(1, 2) : numbers(product.dtype, stored);
  std::int64_t next = 0;
  const auto run = [&] {
    const Tensor weight = weights.slice(0, next, next + 1).reshape({product.k, product.n});
    next = (next + 1) % copies;
    const std::array inputs{x, weight};
    return executor.execute({BasicOp::matmul, inputs, {}});
  };
  run();
  for (auto _ : state) benchmark::DoNotOptimize(run());
  const auto rate = [&](double amount) {
    return benchmark::Counter(amount / 1e9 * static_cast<double>(state.iterations()),
                              benchmark::Counter::kIsRate);
  };
  state.counters["GFLOP/s"] = rate(2.0 * static_cast<double>(product.m * product.n * product.k));
  state.counters["GB/s"] = rate(static_cast<double>(bytes));
}

void add_product(const std::string& name, const Product& product) {
  const std::string full = fmt::format("matmul/{}_{}/M={}/{}x{}{}", name, bv2::name(product.dtype), product.m,
                                       product.n, product.k, product.transposed ? "" : "/plain");
  add(full, [product](benchmark::State& state) { run_product(state, product); });
}

struct ModelSizes {
  const char* name;
  std::int64_t hidden;
  std::int64_t kv;
  std::int64_t intermediate;
  std::int64_t vocabulary;
};

void add_model(const ModelSizes& model, Dtype dtype) {
  for (const std::int64_t m : {1, 2, 4, 8, 16, 128}) {
    add_product(model.name, {dtype, m, model.hidden, model.hidden, true});
    add_product(model.name, {dtype, m, model.kv, model.hidden, true});
    add_product(model.name, {dtype, m, model.intermediate, model.hidden, true});
    add_product(model.name, {dtype, m, model.hidden, model.intermediate, true});
    if (m == 1) add_product(model.name, {dtype, m, model.vocabulary, model.hidden, true});
  }
  add_product(model.name, {dtype, 1, model.intermediate, model.hidden, false});
  add_product(model.name, {dtype, 128, model.intermediate, model.hidden, false});
}

struct AttentionShape {
  std::int64_t kv_heads;
  std::int64_t rows;
  std::int64_t keys;
  std::int64_t head_dim;
};

void run_attention(benchmark::State& state, const AttentionShape& shape, bool scores) {
  EagerExecutor executor;
  const auto& [heads, rows, keys, head_dim] = shape;
  const Tensor cache = numbers(Dtype::bfloat16, {1, heads, keys + 100, head_dim}).slice(2, 0, keys);
  const Tensor q = numbers(Dtype::bfloat16, {1, heads, rows, head_dim});
  const Tensor probabilities = numbers(Dtype::bfloat16, {1, heads, rows, keys});
  const std::array inputs{scores ? q : probabilities, scores ? cache.transpose(2, 3) : cache};
  for (auto _ : state) benchmark::DoNotOptimize(executor.execute({BasicOp::matmul, inputs, {}}));
  const double operations = 2.0 * static_cast<double>(heads * rows * keys * head_dim);
  state.counters["GFLOP/s"] = benchmark::Counter(operations / 1e9 * static_cast<double>(state.iterations()),
                                                 benchmark::Counter::kIsRate);
}

void add_attention(const AttentionShape& shape) {
  for (const bool scores : {true, false}) {
    const std::string name =
        fmt::format("attention/{}/heads={}/rows={}/keys={}/head_dim={}", scores ? "scores" : "values",
                    shape.kv_heads, shape.rows, shape.keys, shape.head_dim);
    add(name, [shape, scores](benchmark::State& state) { run_attention(state, shape, scores); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  add_ops("overhead", {1, 1, 576}, Dtype::bfloat16);
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    add_ops("prefill", {1, 128, 1536}, dtype);
    add_ops("large", {1, 4096, 4096}, dtype);
  }
  for (const Dtype dtype : {Dtype::bfloat16, Dtype::float32, Dtype::float16}) {
    add_model({"SmolLM2-135M", 576, 192, 1536, 49152}, dtype);
    add_model({"Llama-3.2-1B", 2048, 512, 8192, 128256}, dtype);
  }
  for (const std::int64_t keys : {128, 1000}) {
    add_attention({3, 3, keys, 64});
    add_attention({8, 4, keys, 64});
    add_attention({1, 71, keys, 64});
  }
  add_attention({3, 384, 128, 64});
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
