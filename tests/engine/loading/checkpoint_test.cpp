// Checkpoint folders: single and sharded files, conversion, other names, and what is said of those that do
// not fit.
#include "engine/loading/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/data.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2::engine {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr WeightKind matrix = WeightKind::matrix;

/// A tensor [count] of that dtype: first, first + 0.125, ...
Tensor ramp(Dtype dtype, std::int64_t count, float first = 0) {
  Tensor tensor(dtype, {count});
  for (std::int64_t index = 0; index < count; ++index) {
    const float value = first + 0.125F * static_cast<float>(index);
    if (dtype == Dtype::float32) tensor.data<float>()[index] = value;
    if (dtype == Dtype::bfloat16) tensor.data<BFloat16>()[index] = BFloat16(value);
    if (dtype == Dtype::float16) tensor.data<Float16>()[index] = Float16(value);
    if (dtype == Dtype::float64) tensor.data<double>()[index] = static_cast<double>(value);
    if (dtype == Dtype::int64) tensor.data<std::int64_t>()[index] = index;
  }
  return tensor;
}

class CheckpointTest : public testing::Test {
 protected:
  CheckpointTest() { folder_.write("config.json", "{}"); }

  void write(std::string_view name, std::initializer_list<NamedTensor> tensors) const {
    write_safetensors(folder_.path() / name, {tensors.begin(), tensors.size()});
  }
  void write_index(std::string_view text) const { folder_.write("model.safetensors.index.json", text); }
  [[nodiscard]] Checkpoint open() const { return Checkpoint(folder_.path()); }
  template <class E = Error>
  [[nodiscard]] std::string open_error() const {
    return test::error_text<E>([&] { (void)open(); });
  }

  test::TemporaryFolder folder_;
};

TEST_F(CheckpointTest, ConvertsEveryFloatingDtypeToEveryRunDtype) {
  // More than one chunk of the parallel reading, and not a multiple of it.
  constexpr std::int64_t count = 9'000'001;
  const auto expected = [](std::int64_t index) { return 0.125F * static_cast<float>(index % 2'000); };
  for (const Dtype stored : {Dtype::float32, Dtype::bfloat16, Dtype::float16, Dtype::float64}) {
    Tensor w(stored, {count});
    const Tensor period = ramp(stored, 2'000);
    for (std::int64_t index = 0; index < count; index += 2'000) {
      const auto elements = static_cast<std::size_t>(std::min<std::int64_t>(2'000, count - index));
      std::copy_n(period.raw(), elements * size_bytes(stored),
                  w.raw() + static_cast<std::size_t>(index) * size_bytes(stored));
    }
    write("model.safetensors", {{"w", w}});
    Checkpoint checkpoint = open();
    const Tensor f32 = checkpoint.take("w", {count}, Dtype::float32, matrix);
    const Tensor bf16 = checkpoint.take("w", {count}, Dtype::bfloat16, matrix);
    const Tensor f16 = checkpoint.take("w", {count}, Dtype::float16, matrix);
    for (std::int64_t index = 0; index < count; ++index) {
      // The file has rounded it once already where it is narrow.
      float value = expected(index);
      if (stored == Dtype::bfloat16) value = static_cast<float>(BFloat16(value));
      if (stored == Dtype::float16) value = static_cast<float>(Float16(value));
      ASSERT_EQ(f32.data<float>()[index], value) << name(stored) << " " << index;
      ASSERT_EQ(bf16.data<BFloat16>()[index].bits, BFloat16(value).bits) << name(stored) << " " << index;
      ASSERT_EQ(f16.data<Float16>()[index].bits, Float16(value).bits) << name(stored) << " " << index;
    }
  }
}

TEST_F(CheckpointTest, ReadsTheFixturesOfTransformers) {
  Checkpoint checkpoint(test::data_dir() / "models" / "llama");
  EXPECT_FALSE(checkpoint.synthetic());
  EXPECT_TRUE(checkpoint.has("lm_head.weight"));
  const Tensor embedding =
      checkpoint.take("model.embed_tokens.weight", {320, 64}, Dtype::float32, WeightKind::embedding);
  for (const float value : embedding.span<float>()) ASSERT_TRUE(std::isfinite(value));
  EXPECT_EQ(checkpoint.untaken().size(), checkpoint.names().size() - 1);
}

TEST_F(CheckpointTest, ReadsShards) {
  write("model-1.safetensors", {{"a", ramp(Dtype::float32, 2)}, {"unlisted", ramp(Dtype::float32, 1)}});
  write("model-2.safetensors", {{"b", ramp(Dtype::bfloat16, 2, 8)}});
  write_index(R"({"metadata":{"total_size":[1,{"x":null}]},"weight_map":{"b":"model-2.safetensors",)"
              R"("a":"model-1.safetensors"},"weight_maps":{"c":1}})");
  Checkpoint checkpoint = open();
  EXPECT_THAT(checkpoint.names(), ElementsAre("a", "b"));
  EXPECT_THAT(checkpoint.take("b", {2}, Dtype::float32, matrix).span<float>(), ElementsAre(8, 8.125F));
  EXPECT_THAT(checkpoint.untaken(), ElementsAre("a"));
}

TEST_F(CheckpointTest, NamesWhatIsWrongWithAnIndex) {
  write("s.safetensors", {{"a", ramp(Dtype::float32, 2)}});
  const auto error_with = [&](std::string_view index) {
    write_index(index);
    return open_error();
  };
  EXPECT_THAT(error_with("{"), HasSubstr("index.json' is not valid JSON"));
  EXPECT_THAT(error_with("[]"), HasSubstr("is an array, an object was expected"));
  EXPECT_THAT(error_with("{}"), HasSubstr("lists no tensors"));
  EXPECT_THAT(error_with(R"({"weight_map":[]})"), HasSubstr("weight_map is an array"));
  EXPECT_THAT(error_with(R"({"weight_map":{"a":1}})"),
              HasSubstr("'a' is a number, a file name was expected"));
  EXPECT_THAT(error_with(R"({"weight_map":{"a":{}}})"), HasSubstr("'a' is an object"));
  EXPECT_THAT(error_with(R"({"weight_map":{"a":"s.safetensors","a":"s.safetensors"}})"),
              HasSubstr("has 'a' twice"));
  EXPECT_THAT(error_with(R"({"weight_map":{"a":"gone.safetensors"}})"),
              AllOf(HasSubstr("'gone.safetensors' is not in the folder"), HasSubstr("'a'")));
  EXPECT_THAT(error_with(R"({"weight_map":{"a":"s.safetensors","z":"s.safetensors"}})"),
              HasSubstr("tensor 'z' should be in the shard 's.safetensors', which does not have it"));
  for (const std::string path :
       {"../s.safetensors", "/etc/passwd", "x/s.safetensors", "..", ".", "", "a\\\\b"}) {
    EXPECT_THAT(error_with(R"({"weight_map":{"a":")" + path + "\"}}"), HasSubstr("is not a plain file name"))
        << path;
  }
}

TEST_F(CheckpointTest, SaysWhichTensorIsMissingAndWhatIsSimilar) {
  write("model.safetensors", {{"model.layers.0.self_attn.q_proj.weight", ramp(Dtype::float32, 2)},
                              {"model.norm.weight", ramp(Dtype::float32, 2)}});
  Checkpoint checkpoint = open();
  EXPECT_FALSE(checkpoint.has("model.layers.0.self_attn.q_proj.bias"));
  EXPECT_THAT(test::error_text([&] {
                checkpoint.take("model.layers.0.self_attn.k_proj.weight", {2}, Dtype::float32, matrix);
              }),
              AllOf(HasSubstr("has no tensor 'model.layers.0.self_attn.k_proj.weight'"),
                    HasSubstr("'model.layers.0.self_attn.q_proj.weight'")));
  write("model.safetensors", {});
  EXPECT_THAT(test::error_text([&] { open().take("w", {2}, Dtype::float32, matrix); }),
              HasSubstr("it has none at all"));
}

TEST_F(CheckpointTest, SaysBothShapesAndRefusesIntegers) {
  write("model.safetensors",
        {{"w", ramp(Dtype::float32, 6).reshape({2, 3})}, {"ids", ramp(Dtype::int64, 2)}});
  Checkpoint checkpoint = open();
  for (const Shape& wrong : {Shape{3, 2}, Shape{6}, Shape{2, 3, 1}}) {
    EXPECT_THAT(test::error_text([&] { checkpoint.take("w", wrong, Dtype::float32, matrix); }),
                AllOf(HasSubstr("tensor 'w' has the shape [2, 3]"), HasSubstr("needs " + to_string(wrong))));
  }
  EXPECT_THAT(test::error_text([&] { checkpoint.take("ids", {2}, Dtype::float32, matrix); }),
              HasSubstr("tensor 'ids' is int64, it cannot become float32"));
}

TEST_F(CheckpointTest, FindsTheNamesOfOtherClasses) {
  struct Case {
    std::string_view stored;
    std::string_view asked;
  };
  constexpr Case cases[] = {
      {"layers.0.q.weight", "model.layers.0.q.weight"},
      {"transformer.h.0.attn.weight", "h.0.attn.weight"},
      {"h.0.attn.weight", "transformer.h.0.attn.weight"},
      {"bert.encoder.layer.0.weight", "encoder.layer.0.weight"},
      {"gpt_neox.embed_in.weight", "gpt_neox.embed_in.weight"},
      {"model.language_model.layers.0.weight", "model.layers.0.weight"},
      {"language_model.model.layers.0.weight", "model.layers.0.weight"},
      {"language_model.lm_head.weight", "lm_head.weight"},
      {"bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"},
      {"embeddings.LayerNorm.beta", "bert.embeddings.LayerNorm.bias"},
  };
  for (const auto& [stored, asked] : cases) {
    write("model.safetensors", {{std::string(stored), ramp(Dtype::float32, 2, 4)}});
    Checkpoint checkpoint = open();
    EXPECT_TRUE(checkpoint.has(asked)) << asked;
    EXPECT_THAT(checkpoint.take(asked, {2}, Dtype::float32, matrix).span<float>(), ElementsAre(4, 4.125F))
        << asked;
    EXPECT_TRUE(checkpoint.untaken().empty()) << asked;
  }
  write("model.safetensors",
        {{"model.norm.weight", ramp(Dtype::float32, 1, 1)}, {"norm.weight", ramp(Dtype::float32, 1, 2)}});
  EXPECT_THAT(open().take("norm.weight", {1}, Dtype::float32, matrix).span<float>(), ElementsAre(2));
}

TEST_F(CheckpointTest, SaysWhatAFolderLacks) {
  EXPECT_THAT(open_error(), HasSubstr("has no model.safetensors and no model.safetensors.index.json"));
  folder_.write("pytorch_model.bin", "x");
  EXPECT_THAT(open_error(),
              AllOf(HasSubstr("'pytorch_model.bin' only"), HasSubstr("model.safetensors is needed")));
  std::filesystem::remove(folder_.path() / "config.json");
  EXPECT_THAT(open_error<UsageError>(), HasSubstr("has no config.json"));
  EXPECT_THAT(test::error_text<UsageError>([&] { Checkpoint(folder_.path() / "none"); }),
              HasSubstr("/none' is not a folder"));
}

TEST_F(CheckpointTest, ATruncatedFileIsRefused) {
  write("model.safetensors", {{"w", ramp(Dtype::float32, 100)}});
  std::filesystem::resize_file(folder_.path() / "model.safetensors", 300);
  EXPECT_THAT(open_error(), AllOf(HasSubstr("model.safetensors'"), HasSubstr("truncated")));
}

}  // namespace
}  // namespace bv2::engine
