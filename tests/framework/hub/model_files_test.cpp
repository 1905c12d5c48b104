// Which files of a model are downloaded.
#include "framework/hub/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_text.h"

namespace bv2::hub {
namespace {

using test::error_text;
using ::testing::ElementsAre;

TEST(ModelFiles, DescriptionsThatExist) {
  EXPECT_THAT(
      description_files(
          {"config.json", "model.safetensors", "tokenizer.json", "README.md", "onnx/model.onnx"}, "a/b"),
      ElementsAre("config.json", "tokenizer.json"));
  EXPECT_THAT(
      description_files({"config.json", "model.safetensors.index.json", "vocab.json", "merges.txt"}, "a/b"),
      ElementsAre("config.json", "vocab.json", "merges.txt", "model.safetensors.index.json"));
}

TEST(ModelFiles, OneFileComesBeforeAnIndex) {  // as transformers decides it
  EXPECT_THAT(description_files({"config.json", "model.safetensors", "model.safetensors.index.json"}, "a/b"),
              ElementsAre("config.json"));
}

TEST(ModelFiles, WhatCannotBeLoaded) {
  EXPECT_EQ(error_text([] { description_files({"README.md"}, "a/b"); }),
            "the model 'a/b' has no config.json: it is not a transformers checkpoint");
  EXPECT_EQ(error_text([] {
              description_files({"config.json", "pytorch_model.bin"}, "a/b");
            }),
            "the model 'a/b' has no model.safetensors and no model.safetensors.index.json: choose one with "
            "safetensors "
            "weights (it has 'pytorch_model.bin', which is not read)");
}

TEST(ModelFiles, ShardsOfTheIndex) {
  EXPECT_THAT(weight_files({"x"}, "", "a/b"), ElementsAre("model.safetensors"));
  EXPECT_THAT(weight_files({"s1", "s2", "s3"}, R"({"weight_map": {"a": "s2", "b": "s1", "c": "s2"}})", "a/b"),
              ElementsAre("s1", "s2"));
}

TEST(ModelFiles, DamagedIndex) {
  const auto text = [](const char* index) { return error_text([&] { weight_files({"s1"}, index, "a/b"); }); };
  EXPECT_EQ(text(R"({"weight_map": {"a": "s2"}})"),
            "the model 'a/b' lacks 's2', which its model.safetensors.index.json names");
  const std::string damaged = "model.safetensors.index.json of the model 'a/b' is damaged: ";
  EXPECT_EQ(text("[]"), damaged + "it has no weight_map");
  EXPECT_EQ(text(R"({"weight_map": []})"), damaged + "it has no weight_map");
  EXPECT_EQ(text(R"({"weight_map": {}})"), damaged + "its weight_map is empty");
  EXPECT_EQ(text(R"({"weight_map": {"a": 1}})"), damaged + "the file of 'a' is no name");
}

}  // namespace
}  // namespace bv2::hub
