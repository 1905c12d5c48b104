// Whole models as native code: every attention path, mode and padding, held against eager.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "engine/compiled/compile_modes.h"
#include "engine/compiled/compiled_model.h"
#include "engine/compiled/program_builder.h"
#include "engine/eager/eager_executor.h"
#include "engine/kernels/weight_packing.h"
#include "engine/loading/synthetic_weights.h"
#include "engine/ops/basic.h"
#include "support/temporary_folder.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

std::unique_ptr<Model> small_model() {
  // Head sizes and widths that are no multiple of a vector.
  const ModelConfig config =
      parse_model_config(parse_json(R"({"model_type": "llama", "vocab_size": 90, "hidden_size": 40,
      "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
      "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "tie_word_embeddings": true})",
                                    "test"),
                         "test");
  SyntheticWeights weights(7);
  return make_model(config, weights, Dtype::float32);
}

class NativeModel : public testing::Test {
 protected:
  /// A prefill and two steps, in each compile mode.
  void expect_equal(AttentionPath attention, std::int64_t batch, std::int64_t tokens,
                    const Tensor& padding = {}) {
    const std::unique_ptr<Model> eager = small_model();
    const std::unique_ptr<Model> packed = small_model();
    pack_weights(*packed);
    for (const CompileMode& mode : compile_modes()) {
      SCOPED_TRACE(mode.name);
      CompiledModel compiled(*packed, attention, [&](std::span<const Graph* const> graphs) {
        std::vector<BuildRequest> requests;
        for (const Graph* graph : graphs)
          requests.push_back({.graph = graph, .title = graph->name, .options = mode.options});
        auto programs = build_programs(requests, builder_, 2);
        return std::vector<std::unique_ptr<Program>>(std::make_move_iterator(programs.begin()),
                                                     std::make_move_iterator(programs.end()));
      });
      EagerExecutor executor;
      Context context(executor, attention);
      KvCache expected_cache = eager->make_cache(batch, tokens + 3);
      KvCache cache = packed->make_cache(batch, tokens + 3);
      expected_cache.padding = cache.padding = padding;
      Tensor ids(Dtype::int64, {batch, tokens});
      for (std::int64_t i = 0; i < ids.numel(); ++i) ids.data<std::int64_t>()[i] = (i * 31 + 5) % 90;
      for (int step = 0; step < 3; ++step) {
        const Tensor expected = eager->forward(context, ids, expected_cache, LogitsOf::last_token);
        const StepResult found = compiled.run(context, ids, cache, LogitsOf::last_token);
        expect_near(test::values_of(contiguous(context, found.logits)), test::values_of(expected));
        ids = argmax(context, expected);
        EXPECT_EQ(test::values_of(contiguous(context, found.chosen)), test::values_of(ids));
      }
    }
  }

  /// Sums in another order: each of the 10 or so roundings of a layer may differ by half a unit of the
  /// largest value in it, and logits of this model are at most about 10.
  static void expect_near(const std::vector<double>& found, const std::vector<double>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    double largest = 0;
    for (const double value : expected) largest = std::max(largest, std::abs(value));
    const double bound = 2 * 10 * 0x1p-23 * std::sqrt(56.0) * largest;
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], bound) << i;
  }

  test::TemporaryFolder folder_;
  DiskCache cache_{folder_.path()};
  CodeBuilder builder_{find_toolchain(), cache_, [](std::string_view) {}};
};

TEST_F(NativeModel, ComputesWhatEagerDoesOnEveryAttentionPath) {
  const std::vector<std::int64_t> leading{2, 0};
  const Tensor padding = tensor_of<std::int64_t>(leading, {2});
  for (const AttentionPath path :
       {AttentionPath::eager, AttentionPath::sdpa_math, AttentionPath::sdpa_flash_attention,
        AttentionPath::sdpa_efficient_attention}) {
    SCOPED_TRACE(static_cast<int>(path));
    expect_equal(path, 1, 5);
    expect_equal(path, 6, 9);
    expect_equal(path, 2, 6, padding);
  }
}

}  // namespace
}  // namespace bv2::engine::compiled
