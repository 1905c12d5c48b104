// Loading: conversion on one core, a checkpoint from the page cache on all cores, synthetic weights.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "engine/loading/checkpoint.h"
#include "engine/loading/dtype_conversion.h"
#include "engine/loading/safetensors.h"
#include "engine/loading/synthetic_weights.h"

namespace {

using namespace bv2;
using namespace bv2::engine;

constexpr std::array dtypes{Dtype::float32, Dtype::bfloat16, Dtype::float16};

Dtype dtype_of(std::int64_t index) { return dtypes.at(static_cast<std::size_t>(index)); }

/// Bytes read and written a second, one core, in the second-level cache.
void convert(benchmark::State& state) {
  constexpr std::size_t count = 65'536;
  const Dtype from = dtype_of(state.range(0));
  const Dtype to = dtype_of(state.range(1));
  const std::vector<std::byte> source(count * size_bytes(from), std::byte{0x3f});
  std::vector<std::byte> target(count * size_bytes(to));
  for (auto _ : state) {
    convert_elements(from, source.data(), to, target.data(), count);
    benchmark::DoNotOptimize(target.data());
  }
  state.SetLabel(std::string(name(from)).append(" to ").append(name(to)));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(source.size() + target.size()));
  state.counters["elements/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(convert)->ArgsProduct({{0, 1, 2}, {0, 1, 2}});

/// Bytes of the file a second, the file being in the page cache.
void load_checkpoint(benchmark::State& state) {
  const Dtype stored = dtype_of(state.range(0));
  std::string folder = (std::filesystem::temp_directory_path() / "bv2_perf_XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  constexpr std::int64_t rows = 128'000;
  constexpr std::int64_t columns = 2048;
  write_file_atomically(std::filesystem::path(folder) / "config.json", "{}");
  {
    const NamedTensor tensors[] = {
        {"w", SyntheticWeights(0).take("w", {rows, columns}, stored, WeightKind::matrix)}};
    write_safetensors(std::filesystem::path(folder) / "model.safetensors", tensors);
  }
  for (auto _ : state) {
    Checkpoint checkpoint(folder);
    benchmark::DoNotOptimize(checkpoint.take("w", {rows, columns}, Dtype::bfloat16, WeightKind::matrix));
  }
  std::filesystem::remove_all(folder);
  state.SetLabel(std::string(name(stored)) + " to bfloat16");
  state.SetBytesProcessed(state.iterations() * rows * columns *
                          static_cast<std::int64_t>(size_bytes(stored)));
}
BENCHMARK(load_checkpoint)->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);

/// The weights of Llama-3.2-1B, as one tensor a layer and one embedding.
void synthetic_llama_1b(benchmark::State& state) {
  for (auto _ : state) {
    SyntheticWeights weights(0);
    std::vector<Tensor> model;
    model.push_back(weights.take("embedding", {128'256, 2048}, Dtype::bfloat16, WeightKind::embedding));
    for (int layer = 0; layer < 16; ++layer) {
      model.push_back(
          weights.take(std::to_string(layer), {29'696, 2048}, Dtype::bfloat16, WeightKind::matrix));
    }
    benchmark::DoNotOptimize(model.data());
  }
  state.counters["elements/s"] =
      benchmark::Counter((128'256.0 + 16 * 29'696) * 2048, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(synthetic_llama_1b)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
