// Safetensors files: what is written is read, at any alignment.
#include "engine/loading/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/data.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tensor floats(std::initializer_list<float> values, const Shape& shape) {
  return tensor_of(std::span<const float>(values.begin(), values.size()), shape);
}

TEST(Safetensors, ReadsWhatItWrites) {
  const test::TemporaryFolder folder;
  const std::vector<std::int64_t> ids{1, -2};
  const std::vector<BFloat16> halves{BFloat16(1.5F), BFloat16(-3.0F), BFloat16(7.0F)};
  const NamedTensor tensors[] = {{"w", floats({1, 2, 3, 4, 5, 6}, {2, 3})},
                                 {"half", tensor_of(std::span(halves), {3})},
                                 {"ids", tensor_of(std::span(ids), {2})},
                                 {"scalar", floats({9}, {})},
                                 {"empty", Tensor(Dtype::float16, {0, 4})}};
  const auto path = folder.path() / "t.safetensors";
  write_safetensors(path, tensors, {{"format", "pt"}});

  const SafetensorsFile file(path);
  EXPECT_EQ(file.entries().size(), 5U);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.tensor("w").shape(), (Shape{2, 3}));
  EXPECT_THAT(file.tensor("w").span<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(file.tensor("ids").span<std::int64_t>(), ElementsAre(1, -2));
  EXPECT_EQ(static_cast<float>(file.tensor("half").span<BFloat16>()[1]), -3.0F);
  EXPECT_THAT(file.tensor("scalar").span<float>(), ElementsAre(9));
  EXPECT_EQ(file.tensor("empty").numel(), 0);
  EXPECT_EQ(file.find("other"), nullptr);
  EXPECT_THAT(test::error_text([&] { (void)file.tensor("other"); }), HasSubstr("has no tensor 'other'"));
}

TEST(Safetensors, ReadsDataAtAnyAlignment) {
  const test::TemporaryFolder folder;
  for (std::size_t padding = 0; padding < 8; ++padding) {
    std::string header = R"({"b":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},)"
                         R"("w":{"dtype":"F32","shape":[3],"data_offsets":[1,13]}})" +
                         std::string(padding, ' ');
    std::string content(1, static_cast<char>(header.size()));
    content += std::string(7, '\0') + header + '\x05';
    const float values[] = {1.5F, -2.0F, 1e-3F};
    content.append(reinterpret_cast<const char*>(values), sizeof values);
    const SafetensorsFile file(folder.write("odd.safetensors", content));
    EXPECT_THAT(file.tensor("w").span<float>(), ElementsAre(1.5F, -2.0F, 1e-3F));
    std::vector<BFloat16> converted(2);
    file.read(*file.find("w"), 1, 2, Dtype::bfloat16, reinterpret_cast<std::byte*>(converted.data()));
    EXPECT_EQ(converted[0].bits, BFloat16(-2.0F).bits);
    EXPECT_EQ(converted[1].bits, BFloat16(1e-3F).bits);
  }
}

TEST(Safetensors, ReadsTheReferenceOutputsOfTransformers) {
  const SafetensorsFile file(test::data_dir() / "models" / "llama" / "expected.safetensors");
  EXPECT_EQ(file.tensor("input_ids").shape(), (Shape{2, 21}));
  EXPECT_EQ(file.tensor("input_ids").dtype(), Dtype::int64);
  EXPECT_EQ(file.tensor("logits").shape(), (Shape{2, 21, 320}));
  EXPECT_EQ(file.tensor("generated_ids").shape(), (Shape{2, 24}));
}

TEST(Safetensors, NamesTheFileThatCannotBeRead) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(test::error_text([&] { SafetensorsFile(folder.path() / "none"); }), HasSubstr("/none'"));
  EXPECT_THAT(test::error_text([&] { SafetensorsFile(folder.write("empty", "")); }),
              HasSubstr("/empty' is no safetensors file: it has 0 bytes"));
}

TEST(Safetensors, AFileShortenedWhileInUseIsAnError) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "t.safetensors";
  const NamedTensor tensors[] = {{"w", Tensor(Dtype::float32, {100'000})}};
  write_safetensors(path, tensors);
  const SafetensorsFile file(path);
  std::filesystem::resize_file(path, 4096);
  EXPECT_THAT(test::error_text([&] { (void)file.tensor("w"); }), HasSubstr("tensor 'w' cannot be read"));
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  const test::TemporaryFolder folder;
  const Tensor w = floats({1, 2, 3, 4}, {2, 2});
  const NamedTensor twice[] = {{"w", w}, {"w", w}};
  EXPECT_THAT(test::error_text([&] { write_safetensors(folder.path() / "t", twice); }),
              HasSubstr("'w' is there twice"));
  const NamedTensor strided[] = {{"w", w.transpose(0, 1)}};
  EXPECT_THAT(test::error_text([&] { write_safetensors(folder.path() / "t", strided); }),
              HasSubstr("not contiguous"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "t"));
  const NamedTensor good[] = {{"w", w}};
  EXPECT_THAT(test::error_text([&] { write_safetensors("/dev/null/t", good); }), HasSubstr("/dev/null"));
}

}  // namespace
}  // namespace bv2::engine
