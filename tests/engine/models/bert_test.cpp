// BERT against the outputs of Hugging Face transformers, RoBERTa and DistilBERT against plain float64 loops:
// on every attention path, eager and with kernels, in every dtype.
#include "engine/models/bert.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/eager/eager_executor.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/loading/checkpoint.h"
#include "support/data.h"
#include "support/model_reference.h"
#include "support/plain_encoder.h"
#include "support/safetensors_writer.h"
#include "support/temporary_folder.h"
#include "support/values.h"

namespace bv2::engine {
namespace {

/// What rounding to a dtype can do to a hidden state, to first order (Higham 2002, section 3.1: n roundings
/// in a chain change a value by at most n u, u = eps / 2), relative to the size of the states, which the
/// norms keep. A layer's chain has 19: in attention weights, projection, score, scale, probability, mixed
/// value, output weights, output, residual, the norm's weights and result (11); in the MLP weights, product,
/// activation, weights, product, residual, the norm's two (8). The embeddings have 7: three tables, two sums,
/// the norm's two.
double rounding_bound(const ModelConfig& config, Dtype dtype, double rms) {
  return static_cast<double>(19 * config.num_hidden_layers + 7) * info(dtype).epsilon / 2 * rms;
}

double rms(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

void expect_near(const ModelConfig& config, Dtype dtype, const Tensor& found,
                 const std::vector<double>& expected) {
  const std::vector<double> values = test::values_of(found);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double bound = dtype == Dtype::float32 ? 1e-4 * std::max(1.0, std::abs(expected[i]))
                                                 : rounding_bound(config, dtype, rms(expected));
    ASSERT_NEAR(values[i], expected[i], bound) << "element " << i;
  }
}

using Case = std::tuple<std::string, AttentionPath, Dtype, bool>;

std::string case_name(const testing::TestParamInfo<Case>& info) {
  const auto& [family, attention, dtype, kernels] = info.param;
  return fmt::format("{}_path{}_{}_{}", family, static_cast<int>(attention), name(dtype),
                     kernels ? "kernelized" : "eager");
}

/// A checkpoint of one of the families.
struct Encoder {
  Encoder(const std::filesystem::path& folder, AttentionPath attention, Dtype dtype, bool with_kernels)
      : config(read_model_config(folder)), context(executor, attention, with_kernels ? &kernels : nullptr) {
    Checkpoint weights(folder);
    model = make_model(config, weights, dtype);
    if (!with_kernels) return;
    kernels.table = kernels_for(dtype);
    pack_weights(*model);
  }
  Tensor run(const Tensor& ids, const Tensor& padding = {}) {
    KvCache cache = model->make_cache(ids.size(0), ids.size(1));
    cache.padding = padding;
    return model->forward(context, ids, cache, LogitsOf::all_tokens);
  }

  ModelConfig config;
  std::unique_ptr<Model> model;
  EagerExecutor executor;
  KernelSet kernels;
  Context context;
};

const auto every_path =
    testing::Values(AttentionPath::eager, AttentionPath::sdpa_math, AttentionPath::sdpa_flash_attention,
                    AttentionPath::sdpa_efficient_attention);
const auto every_dtype = testing::Values(Dtype::float32, Dtype::bfloat16, Dtype::float16);

class BertFixture : public testing::TestWithParam<Case> {};

TEST_P(BertFixture, EqualsTransformers) {
  const auto& [name, attention, dtype, kernels] = GetParam();
  const std::filesystem::path folder = test::data_dir() / "models" / name;
  const test::ModelReference reference = test::read_model_reference(folder / "expected.safetensors");
  Encoder encoder(folder, attention, dtype, kernels);
  const Tensor hidden = encoder.run(reference.input_ids);
  EXPECT_EQ(hidden.shape(), reference.last_hidden_state.shape());
  expect_near(encoder.config, dtype, hidden, test::values_of(reference.last_hidden_state));
}

INSTANTIATE_TEST_SUITE_P(All, BertFixture,
                         testing::Combine(testing::Values("bert"), every_path, every_dtype, testing::Bool()),
                         case_name);

/// A family without a fixture: its configuration, and where its checkpoints have what.
struct Plain {
  std::string config;
  test::PlainEncoderNames names;
  test::PlainEncoderSizes sizes;
};

Plain plain_family(const std::string& family) {
  if (family == "roberta") {
    const std::string layer = "roberta.encoder.layer.{}.";
    return {
        .config = R"({"model_type": "roberta", "vocab_size": 97, "hidden_size": 48, "intermediate_size": 112,
              "num_hidden_layers": 2, "num_attention_heads": 3, "max_position_embeddings": 34, "type_vocab_size": 1,
              "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_act": "gelu"})",
        .names = {.words = "roberta.embeddings.word_embeddings",
                  .positions = "roberta.embeddings.position_embeddings",
                  .segments = "roberta.embeddings.token_type_embeddings",
                  .embedding_norm = "roberta.embeddings.LayerNorm",
                  .q = layer + "attention.self.query",
                  .k = layer + "attention.self.key",
                  .v = layer + "attention.self.value",
                  .output = layer + "attention.output.dense",
                  .attention_norm = layer + "attention.output.LayerNorm",
                  .up = layer + "intermediate.dense",
                  .down = layer + "output.dense",
                  .mlp_norm = layer + "output.LayerNorm"},
        .sizes = {.vocabulary = 97,
                  .hidden = 48,
                  .intermediate = 112,
                  .layers = 2,
                  .heads = 3,
                  .positions = 34,
                  .segments = 1,
                  .first_position = 2,
                  .epsilon = 1e-5}};
  }
  const std::string layer = "distilbert.transformer.layer.{}.";
  return {
      .config = R"({"model_type": "distilbert", "vocab_size": 97, "dim": 48, "hidden_dim": 112, "n_layers": 2,
            "n_heads": 3, "max_position_embeddings": 32, "activation": "gelu"})",
      .names = {.words = "distilbert.embeddings.word_embeddings",
                .positions = "distilbert.embeddings.position_embeddings",
                .segments = "",
                .embedding_norm = "distilbert.embeddings.LayerNorm",
                .q = layer + "attention.q_lin",
                .k = layer + "attention.k_lin",
                .v = layer + "attention.v_lin",
                .output = layer + "attention.out_lin",
                .attention_norm = layer + "sa_layer_norm",
                .up = layer + "ffn.lin1",
                .down = layer + "ffn.lin2",
                .mlp_norm = layer + "output_layer_norm"},
      .sizes = {.vocabulary = 97,
                .hidden = 48,
                .intermediate = 112,
                .layers = 2,
                .heads = 3,
                .positions = 32,
                .epsilon = 1e-12}};
}

/// Random parameters, as the reference sees them and as a checkpoint folder.
class PlainCheckpoint {
 public:
  PlainCheckpoint(const Plain& family, Dtype rounded_to) : dtype_(rounded_to) {
    const test::PlainEncoderSizes& sizes = family.sizes;
    const test::PlainEncoderNames& names = family.names;
    folder_.write("config.json", family.config);
    add(names.words + ".weight", {sizes.vocabulary, sizes.hidden}, 1);
    add(names.positions + ".weight", {sizes.positions, sizes.hidden}, 1);
    if (sizes.segments > 0) add(names.segments + ".weight", {sizes.segments, sizes.hidden}, 1);
    add_norm(names.embedding_norm, sizes.hidden);
    for (std::int64_t layer = 0; layer < sizes.layers; ++layer) {
      const auto in_layer = [&](std::string name) {
        return name.replace(name.find("{}"), 2, std::to_string(layer));
      };
      for (const std::string& name : {names.q, names.k, names.v, names.output}) {
        add_linear(in_layer(name), sizes.hidden, sizes.hidden);
      }
      add_linear(in_layer(names.up), sizes.intermediate, sizes.hidden);
      add_linear(in_layer(names.down), sizes.hidden, sizes.intermediate);
      add_norm(in_layer(names.attention_norm), sizes.hidden);
      add_norm(in_layer(names.mlp_norm), sizes.hidden);
    }
    test::write_tensors(folder_.path() / "model.safetensors", tensors_);
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
  [[nodiscard]] const test::PlainParameters& parameters() const { return parameters_; }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape, double deviation, double mean = 0) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    std::normal_distribution<double> normal(mean, deviation);
    std::vector<float> values;
    // What the dtype holds exactly, so that reference and engine start from the same.
    for (std::int64_t i = 0; i < count; ++i) {
      const auto value = static_cast<float>(normal(random_));
      values.push_back(dtype_ == Dtype::bfloat16  ? static_cast<float>(BFloat16(value))
                       : dtype_ == Dtype::float16 ? static_cast<float>(Float16(value))
                                                  : value);
    }
    parameters_[name] = {values.begin(), values.end()};
    tensors_.push_back(test::float_tensor(name, std::move(shape), values));
  }
  void add_linear(const std::string& name, std::int64_t out, std::int64_t in) {
    add(name + ".weight", {out, in}, 1 / std::sqrt(static_cast<double>(in)));
    add(name + ".bias", {out}, 0.1);
  }
  void add_norm(const std::string& name, std::int64_t size) {
    add(name + ".weight", {size}, 0.1, 1);
    add(name + ".bias", {size}, 0.1);
  }

  Dtype dtype_;
  std::mt19937_64 random_{7};
  test::TemporaryFolder folder_;
  test::PlainParameters parameters_;
  std::vector<test::WrittenTensor> tensors_;
};

class PlainReference : public testing::TestWithParam<Case> {};

TEST_P(PlainReference, IsEqualled) {
  const auto& [name, attention, dtype, kernels] = GetParam();
  const Plain family = plain_family(name);
  const PlainCheckpoint checkpoint(family, dtype);
  Encoder encoder(checkpoint.folder(), attention, dtype, kernels);
  // As long as there are positions.
  const std::int64_t tokens = family.sizes.positions - family.sizes.first_position;
  EXPECT_EQ(encoder.config.max_sequence_length(), tokens);
  Tensor ids(Dtype::int64, {2, tokens});
  std::vector<double> expected;
  for (std::int64_t row = 0; row < 2; ++row) {
    std::vector<std::int64_t> text;
    for (std::int64_t t = 0; t < tokens; ++t) text.push_back((row * 31 + t * t * 7 + t) % 97);
    std::ranges::copy(text, ids.data<std::int64_t>() + row * tokens);
    const auto states = test::plain_encoder(checkpoint.parameters(), family.names, family.sizes, text);
    expected.insert(expected.end(), states.begin(), states.end());
  }
  expect_near(encoder.config, dtype, encoder.run(ids), expected);
}

INSTANTIATE_TEST_SUITE_P(All, PlainReference,
                         testing::Combine(testing::Values("roberta", "distilbert"), every_path, every_dtype,
                                          testing::Bool()),
                         case_name);

/// BERT's fixture itself, so that the plain reference is held against transformers too.
TEST(PlainReferenceItself, EqualsTransformersOnBert) {
  const std::filesystem::path folder = test::data_dir() / "models" / "bert";
  const test::ModelReference reference = test::read_model_reference(folder / "expected.safetensors");
  const ModelConfig config = read_model_config(folder);
  const std::string layer = "encoder.layer.{}.";
  const test::PlainEncoderNames names{.words = "embeddings.word_embeddings",
                                      .positions = "embeddings.position_embeddings",
                                      .segments = "embeddings.token_type_embeddings",
                                      .embedding_norm = "embeddings.LayerNorm",
                                      .q = layer + "attention.self.query",
                                      .k = layer + "attention.self.key",
                                      .v = layer + "attention.self.value",
                                      .output = layer + "attention.output.dense",
                                      .attention_norm = layer + "attention.output.LayerNorm",
                                      .up = layer + "intermediate.dense",
                                      .down = layer + "output.dense",
                                      .mlp_norm = layer + "output.LayerNorm"};
  const SafetensorsFile file(folder / "model.safetensors");
  test::PlainParameters parameters;
  for (const auto& entry : file.entries()) parameters[entry.name] = test::values_of(file.tensor(entry.name));
  const test::PlainEncoderSizes sizes{.vocabulary = config.vocab_size,
                                      .hidden = config.hidden_size,
                                      .intermediate = config.intermediate_size,
                                      .layers = config.num_hidden_layers,
                                      .heads = config.num_attention_heads,
                                      .positions = config.max_position_embeddings,
                                      .segments = config.type_vocab_size,
                                      .epsilon = config.norm_epsilon};
  const std::vector<double> expected = test::values_of(reference.last_hidden_state);
  const std::int64_t tokens = reference.input_ids.size(1);
  for (std::int64_t row = 0; row < reference.input_ids.size(0); ++row) {
    const auto* ids = reference.input_ids.data<std::int64_t>() + row * tokens;
    const auto states = test::plain_encoder(parameters, names, sizes, {ids, ids + tokens});
    for (std::size_t i = 0; i < states.size(); ++i) {
      ASSERT_NEAR(states[i], expected[static_cast<std::size_t>(row) * states.size() + i],
                  1e-5 * std::max(1.0, std::abs(states[i])));
    }
  }
}

TEST(Bert, RunsOnlyKernelsInKernelizedMode) {
  const std::filesystem::path folder = test::data_dir() / "models" / "bert";
  const test::ModelReference reference = test::read_model_reference(folder / "expected.safetensors");
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    Encoder encoder(folder, AttentionPath::sdpa_flash_attention, dtype, true);
    encoder.run(reference.input_ids);
    const EffectiveRecord& record = encoder.context.record();
    EXPECT_THAT(record.definitions, testing::IsEmpty()) << name(dtype);
    std::map<std::string, std::int64_t> by_operation;
    for (const auto& [label, count] : record.kernels) by_operation[label.substr(0, label.find('/'))] += count;
    const std::map<std::string, std::int64_t> three_layers{{"attention", 3},       {"embedding", 1},
                                                           {"layer_norm", 7},      {"linear_activation", 3},
                                                           {"linear_residual", 6}, {"qkv_projection", 3}};
    EXPECT_EQ(by_operation, three_layers) << name(dtype);
  }
}

TEST(Bert, RefusesMoreTokensThanPositions) {
  const std::filesystem::path folder = test::data_dir() / "models" / "bert";
  Encoder encoder(folder, AttentionPath::eager, Dtype::float32, false);
  Tensor ids(Dtype::int64, {1, 257});
  std::ranges::fill(ids.span<std::int64_t>(), 1);
  EXPECT_THROW(encoder.run(ids), Error);
}

}  // namespace
}  // namespace bv2::engine
