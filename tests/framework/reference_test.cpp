// Reference outputs as a safetensors file carries them.
#include "framework/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_text.h"
#include "support/safetensors_writer.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using test::float_tensor;
using test::int64_tensor;
using testing::ElementsAre;
using testing::HasSubstr;

class ReferenceFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::vector<test::WrittenTensor>& tensors) {
    test::write_tensors(path_, tensors);
    return path_;
  }
  std::string error_of(const std::vector<test::WrittenTensor>& tensors) {
    write(tensors);
    return test::error_text<UsageError>([&] { read_reference(path_); });
  }

  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "expected.safetensors";
  test::WrittenTensor input_ = int64_tensor("input_ids", {2, 3}, {1, 2, 3, 4, 5, 6});
  test::WrittenTensor ids_ = int64_tensor("generated_ids", {2, 1}, {7, 8});
  test::WrittenTensor logits_ = float_tensor("logits", {2, 3, 2}, std::vector<float>(12, 0.5F));
};

TEST_F(ReferenceFiles, HoldWhatADecoderShouldGive) {
  const Reference reference = read_reference(write({input_, ids_, logits_}));
  EXPECT_EQ(reference.input.batch, 2);
  EXPECT_EQ(reference.input.tokens, 3);
  EXPECT_THAT(reference.input.ids, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(reference.outputs_name, "logits");
  EXPECT_EQ(reference.outputs.width, 2);
  EXPECT_EQ(reference.outputs.values.size(), 12U);
  EXPECT_EQ(reference.new_tokens, 1);
  EXPECT_THAT(reference.generated_ids, ElementsAre(7, 8));
}

TEST_F(ReferenceFiles, HoldWhatAnEncoderShouldGive) {
  logits_.name = "last_hidden_state";
  const Reference reference = read_reference(write({input_, logits_}));
  EXPECT_EQ(reference.outputs_name, "last_hidden_state");
  EXPECT_EQ(reference.new_tokens, 0);
}

TEST_F(ReferenceFiles, SayWhatIsMissing) {
  EXPECT_THAT(error_of({ids_, logits_}),
              HasSubstr("has no 'input_ids' (int64 [batch, tokens]); it has generated_ids, logits"));
  EXPECT_THAT(error_of({input_, ids_}), HasSubstr("has no 'logits' (float32 [batch, tokens, width])"));
  EXPECT_THAT(error_of({}), HasSubstr("it has none"));
}

TEST_F(ReferenceFiles, SayWhatDoesNotFit) {
  const auto flat = int64_tensor("input_ids", {6}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(error_of({flat, logits_}),
              HasSubstr("'input_ids' should be int64 [batch, tokens], it is int64 [6]"));
  const auto floats = float_tensor("input_ids", {2, 1}, {1, 2});
  EXPECT_THAT(error_of({floats, logits_}), HasSubstr("it is float32 [2, 1]"));
  const auto empty = int64_tensor("input_ids", {0, 3}, {});
  EXPECT_THAT(error_of({empty, logits_}), HasSubstr("it is int64 [0, 3]"));
  const auto shorter = float_tensor("logits", {2, 2, 3}, std::vector<float>(12));
  EXPECT_THAT(error_of({input_, shorter}),
              HasSubstr("'logits' is [2, 2, 3], its input_ids ask for [2, 3, ...]"));
  const auto three = int64_tensor("generated_ids", {3, 1}, {1, 2, 3});
  EXPECT_THAT(error_of({input_, three, logits_}),
              HasSubstr("'generated_ids' is [3, 1], its input_ids ask for [2, ...]"));
}

TEST_F(ReferenceFiles, ThatAreBrokenAreNamed) {
  EXPECT_THAT(test::error_text<UsageError>([&] { read_reference(path_); }),
              HasSubstr("cannot open '" + path_.string()));
  folder_.write("expected.safetensors", "short");
  EXPECT_THAT(test::error_text<UsageError>([&] { read_reference(path_); }),
              HasSubstr("is no safetensors file"));
}

}  // namespace
}  // namespace bv2
