// The graphs of every family: as golden text, and held against the forward that they were traced from.
#include "engine/compiled/model_graphs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "engine/compiled/passes/passes.h"
#include "engine/eager/eager_executor.h"
#include "engine/loading/checkpoint.h"
#include "support/data.h"
#include "support/graph_interpreter.h"
#include "support/model_reference.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

struct LoadedFixture {
  explicit LoadedFixture(const std::string& name)
      : folder(test::data_dir() / "models" / name), weights(folder) {
    model = make_model(read_model_config(folder), weights, Dtype::float32);
  }
  std::filesystem::path folder;
  Checkpoint weights;
  std::unique_ptr<Model> model;
};

/// The memory of a cache, by the names that its graphs give it.
std::map<std::string, Tensor> states_of(const KvCache& cache) {
  std::map<std::string, Tensor> states;
  for (std::size_t layer = 0; layer < cache.layers.size(); ++layer) {
    states[fmt::format("keys.{}", layer)] = cache.layers[layer].keys;
    states[fmt::format("values.{}", layer)] = cache.layers[layer].values;
  }
  return states;
}

struct Case {
  std::string model;
  AttentionPath attention;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* model : {"llama", "llama3-rope"})
    for (const AttentionPath attention : {AttentionPath::eager, AttentionPath::sdpa_flash_attention})
      all.push_back({model, attention});
  return all;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string text = fmt::format("{}_path{}", info.param.model, static_cast<int>(info.param.attention));
  std::ranges::replace(text, '-', '_');
  return text;
}

class ModelGraphs : public testing::TestWithParam<Case> {};

// The same operations on the same values: passes move operations and rows, and round nothing otherwise.
TEST_P(ModelGraphs, ComputeWhatTheForwardComputes) {
  const LoadedFixture fixture(GetParam().model);
  const Model& model = *fixture.model;
  const test::ModelReference reference = test::read_model_reference(fixture.folder / "expected.safetensors");
  const Tensor ids = reference.input_ids;
  const std::int64_t batch = ids.size(0);
  EagerExecutor executor;
  Context context(executor, GetParam().attention);
  KvCache expected_cache = model.make_cache(batch, ids.size(1) + 3);
  KvCache cache = model.make_cache(batch, ids.size(1) + 3);
  std::map<std::string, Tensor> given = states_of(cache);
  Sizes sizes{.batch = batch, .tokens = ids.size(1), .past = 0, .capacity = cache.capacity};
  Tensor next = ids;
  for (const bool one_token : {false, true, true}) {
    const Tensor expected = model.forward(context, next, expected_cache, LogitsOf::last_token);
    Graph graph = trace_model(model, GetParam().attention, {.one_token = one_token});
    optimise(graph);
    given["ids"] = next;
    const std::vector<Tensor> results = test::interpret(graph, sizes, given, executor);
    ASSERT_EQ(results[0].shape(), expected.shape());
    EXPECT_EQ(test::values_of(results[0]), test::values_of(expected));
    const Tensor chosen = context.execute(BasicOp::argmax, {expected});
    EXPECT_EQ(test::values_of(results[1]), test::values_of(chosen));
    next = chosen;
    sizes.past += sizes.tokens;
    sizes.tokens = 1;
  }
}

// The families whose optimised graphs are kept as text: one name a family.
class GoldenGraphs : public testing::TestWithParam<const char*> {};

// BV2_UPDATE_GOLDEN=1 writes the texts instead of comparing with them.
TEST_P(GoldenGraphs, AreAsTheyWere) {
  const LoadedFixture fixture(GetParam());
  std::string text;
  for (const bool one_token : {false, true}) {
    Graph graph = trace_model(*fixture.model, AttentionPath::sdpa_flash_attention, {.one_token = one_token});
    optimise(graph);
    text += to_text(graph);
  }
  const std::filesystem::path path = test::data_dir() / "graphs" / fmt::format("{}.txt", GetParam());
  if (std::getenv("BV2_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream file(path);
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, golden) << "BV2_UPDATE_GOLDEN=1 writes " << path;
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenGraphs, testing::Values("llama"));

INSTANTIATE_TEST_SUITE_P(Families, ModelGraphs, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace bv2::engine::compiled
