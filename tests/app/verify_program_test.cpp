// `run_benchmarks verify` on checkpoints with the outputs that Hugging Face transformers gave for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "base/file.h"
#include "base/json.h"
#include "base/safetensors_header.h"
#include "support/built.h"
#include "support/data.h"
#include "support/decoder_fixtures.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

fs::path model_dir(const std::string& model) { return test::data_dir() / "models" / model; }

const std::vector<std::string> without_compiling{"--variant", "eager", "kernelized"};

test::ProcessResult verify(const fs::path& model, const fs::path& reference,
                           const std::string& dtype = "float32",
                           const std::vector<std::string>& more = without_compiling) {
  std::vector<std::string> command{test::program(), "verify",  "--model-id", model,      "--reference",
                                   reference,       "--dtype", dtype,        "--format", "json"};
  command.insert(command.end(), more.begin(), more.end());
  return test::run_process(command);
}

/// A copy of a reference in which the element `index` of an entry is changed.
template <class T>
fs::path with_changed(const fs::path& reference, const std::string& entry_name, std::size_t index, T by,
                      const test::TemporaryFolder& folder) {
  std::string content = read_file(reference);
  const auto header =
      parse_safetensors_header(std::as_bytes(std::span(content.data(), content.size())), reference.string());
  const auto& entry = *std::ranges::find(header.entries, entry_name, &SafetensorsEntry::name);
  char* at = content.data() + entry.begin + index * sizeof(T);
  T value{};
  std::memcpy(&value, at, sizeof value);
  value += by;
  std::memcpy(at, &value, sizeof value);
  return folder.write("changed.safetensors", content);
}

class VerifyFixture : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] fs::path model() const { return model_dir(GetParam()); }
  [[nodiscard]] fs::path reference() const { return model() / "expected.safetensors"; }
};

TEST_P(VerifyFixture, PassesInEveryModeAndAttention) {
  const auto result = verify(model(), reference());
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  const Json lines = parse_json(result.out, "output");
  std::vector<std::string> eager;
  for (const auto& line : lines) {
    EXPECT_EQ(line["status"], "passed") << line;
    EXPECT_TRUE(line["first_divergent_token"].is_null());
    EXPECT_EQ(line["new_tokens"], 24);
    const auto name = line["scenario_name"].get<std::string>();
    if (name.starts_with("eager_")) eager.push_back(name);
  }
  EXPECT_THAT(eager,
              testing::UnorderedElementsAre("eager_eager_attn", "eager_sdpa_math",
                                            "eager_sdpa_flash_attention", "eager_sdpa_efficient_attention"));
}

TEST_P(VerifyFixture, PassesWhenCompiled) {
  const auto result =
      verify(model(), reference(), "float32", {"--variant", "compiled", "--compile-mode", "default"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
}

TEST_P(VerifyFixture, SlowPassesWhenCompiledInEveryMode) {
  const auto result = verify(model(), reference(), "float32", {"--variant", "compiled"});
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  std::vector<std::string> scenarios;
  for (const auto& line : parse_json(result.out, "output")) {
    EXPECT_EQ(line["status"], "passed") << line;
    EXPECT_TRUE(line["first_divergent_token"].is_null());
    scenarios.push_back(line["scenario_name"]);
  }
  EXPECT_THAT(scenarios, testing::IsSupersetOf({"compiled_compile_default_sdpa_flash_attention",
                                                "compiled_compile_reduce-overhead_sdpa_flash_attention"}));
}

class VerifyChanged : public VerifyFixture {};

TEST_P(VerifyChanged, FailsOneLogitThatIsOffByAHundredth) {
  const test::TemporaryFolder folder;
  const auto result = verify(model(), with_changed(reference(), "logits", 5'000, 0.01F, folder));
  EXPECT_EQ(result.status, 1);
  for (const auto& line : parse_json(result.out, "output")) {
    EXPECT_EQ(line["status"], "failed");
    EXPECT_NEAR(line["max_abs_difference"].get<double>(), 0.01, 1e-4);
  }
}

TEST_P(VerifyChanged, FailsOneIdThatDiffers) {
  const test::TemporaryFolder folder;
  // Token 7 of sequence 1.
  const auto result =
      verify(model(), with_changed(reference(), "generated_ids", 24 + 7, std::int64_t{1}, folder));
  EXPECT_EQ(result.status, 1);
  for (const auto& line : parse_json(result.out, "output")) {
    EXPECT_EQ(line["status"], "failed");
    EXPECT_EQ(line["first_divergent_token"], 7);
    EXPECT_THAT(line["remark"].get<std::string>(), StartsWith("token 7 of sequence 1 is "));
  }
}

// The bound is epsilon / 2 * sqrt(16 (2 layers + 1)) * rms(logits) * sqrt(2 ln N): framework/verify.h derives
// it.
TEST_P(VerifyFixture, StaysWithinTheBoundOfShortDtypes) {
  for (const char* dtype : {"bfloat16", "float16"}) {
    const auto result = verify(model(), reference(), dtype);
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    for (const auto& line : parse_json(result.out, "output")) {
      EXPECT_LT(line["max_abs_difference"].get<double>(), line["tolerance"]["absolute"].get<double>());
      EXPECT_EQ(line["tolerance"]["relative"], 0);
    }
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

const std::vector<std::string> models(test::decoder_fixtures.begin(), test::decoder_fixtures.end());
INSTANTIATE_TEST_SUITE_P(Models, VerifyFixture, testing::ValuesIn(models), test_name);
INSTANTIATE_TEST_SUITE_P(Models, VerifyChanged, testing::Values("llama", "llama3-rope"), test_name);

TEST(VerifyCompiled, SlowStaysWithinTheBoundOfShortDtypes) {
  for (const char* model : {"llama", "mixtral"}) {
    for (const char* dtype : {"bfloat16", "float16"}) {
      const auto result = verify(model_dir(model), model_dir(model) / "expected.safetensors", dtype,
                                 {"--variant", "compiled", "--compile-mode", "reduce-overhead"});
      EXPECT_EQ(result.status, 0) << result.out << result.err;
    }
  }
}

// Where rounding chooses other experts the reference's run, so that every position is compared.
TEST(VerifyExperts, HoldsEveryChoiceAndSaysWhichWereTies) {
  const auto result = verify(model_dir("mixtral"), model_dir("mixtral") / "expected.safetensors", "bfloat16");
  ASSERT_EQ(result.status, 0) << result.out << result.err;
  for (const auto& line : parse_json(result.out, "output")) {
    const Json& experts = line["experts"];
    // 3 mixtures; 2 sequences of 21 tokens, and new ones until a tie of their logits.
    EXPECT_GE(experts["choices"], 3 * 2 * 21) << line;
    EXPECT_LE(experts["choices"], 3 * 2 * (21 + 23)) << line;
    EXPECT_GT(experts["ties"], 0) << line;
    EXPECT_LT(experts["ties"], 30) << line;
  }
  const auto exact = verify(model_dir("mixtral"), model_dir("mixtral") / "expected.safetensors");
  EXPECT_EQ(exact.status, 0) << exact.out << exact.err;
  for (const auto& line : parse_json(exact.out, "output")) EXPECT_TRUE(line["experts"].is_null()) << line;
}

/// A copy of mixtral in which two experts of the last layer have changed places.
fs::path with_swapped_experts(const test::TemporaryFolder& folder) {
  const fs::path from = model_dir("mixtral");
  std::string weights = read_file(from / "model.safetensors");
  const std::string one = "layers.2.block_sparse_moe.experts.1.w2.weight";
  const std::string other = "layers.2.block_sparse_moe.experts.2.w2.weight";
  const std::size_t at_one = weights.find(one);
  const std::size_t at_other = weights.find(other);
  weights.replace(at_one, one.size(), other);
  weights.replace(at_other, other.size(), one);
  folder.write("model.safetensors", weights);
  folder.write("config.json", read_file(from / "config.json"));
  return folder.path();
}

TEST(VerifyExperts, FailsAModelThatIsWrong) {
  const test::TemporaryFolder folder;
  const auto result = verify(with_swapped_experts(folder), model_dir("mixtral") / "expected.safetensors",
                             "bfloat16", {"--variant", "kernelized"});
  EXPECT_EQ(result.status, 1);
  for (const auto& line : parse_json(result.out, "output")) {
    EXPECT_EQ(line["status"], "failed");
    EXPECT_THAT(
        line["remark"].get<std::string>(),
        StartsWith("the reference's experts are not known: eager float32 is not the reference (logits["));
  }
}

TEST(VerifyExperts, FailsAKernelThatIsWrong) {
  const auto result =
      verify(model_dir("mixtral"), model_dir("mixtral") / "expected.safetensors", "bfloat16",
             {"--variant", "kernelized", "--kernels-dir", test::kernel_pack_dir("unnormalized_experts")});
  EXPECT_EQ(result.status, 1) << result.out << result.err;
  for (const auto& line : parse_json(result.out, "output")) EXPECT_EQ(line["status"], "failed") << line;
}

TEST(VerifyCompiled, SlowPassesOnEveryAttentionPath) {
  const auto result = verify(model_dir("llama"), model_dir("llama") / "expected.safetensors", "float32",
                             {"--variant", "compiled", "--compile-mode", "default", "--level", "4"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_EQ(parse_json(result.out, "output").size(), 4U);
}

TEST(VerifyCompiled, HoldsEncoders) {
  const auto result = verify(model_dir("bert"), model_dir("bert") / "expected.safetensors", "float32",
                             {"--variant", "compiled", "--compile-mode", "default"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
}

TEST(VerifyEncoder, HoldsHiddenStatesInEveryModeAttentionAndDtype) {
  const fs::path reference = model_dir("bert") / "expected.safetensors";
  for (const char* dtype : {"float32", "bfloat16", "float16"}) {
    const auto result = verify(model_dir("bert"), reference, dtype);
    ASSERT_EQ(result.status, 0) << result.out << result.err;
    const Json lines = parse_json(result.out, "output");
    EXPECT_GE(lines.size(), 5U);
    for (const auto& line : lines) {
      EXPECT_EQ(line["status"], "passed") << line;
      EXPECT_EQ(line["new_tokens"], 0);
    }
  }
}

TEST(VerifyEncoder, FailsOneHiddenStateThatIsOffByAHundredth) {
  const test::TemporaryFolder folder;
  const auto result = verify(model_dir("bert"), with_changed(model_dir("bert") / "expected.safetensors",
                                                             "last_hidden_state", 2'000, 0.01F, folder));
  EXPECT_EQ(result.status, 1);
  for (const auto& line : parse_json(result.out, "output")) {
    EXPECT_EQ(line["status"], "failed");
    EXPECT_THAT(line["remark"].get<std::string>(), StartsWith("last_hidden_state["));
  }
}

TEST(VerifyProgram, SaysWhatIsWrongWithItsFiles) {
  const auto expected = model_dir("llama") / "expected.safetensors";
  const auto missing = verify("/nowhere", expected);
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, AllOf(StartsWith("run_benchmarks: "), HasSubstr("/nowhere")));
  const auto weights = verify(model_dir("llama"), model_dir("llama") / "model.safetensors");
  EXPECT_EQ(weights.status, 2);
  EXPECT_THAT(weights.err, HasSubstr("has no 'input_ids' (int64 [batch, tokens]); it has "));
  const test::TemporaryFolder folder;
  const auto truncated =
      verify(model_dir("llama"), folder.write("short.safetensors", read_file(expected).substr(0, 2000)));
  EXPECT_EQ(truncated.status, 2);
  EXPECT_THAT(truncated.err, HasSubstr("was it truncated?"));
  for (const auto& result : {missing, weights, truncated}) {
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
  }
}

TEST(VerifyProgram, PrintsOneLineAScenario) {
  const auto result = test::run_process({test::program(), "verify", "--model-id", model_dir("llama"),
                                         "--reference", model_dir("llama") / "expected.safetensors",
                                         "--variant", "eager", "--attn-implementation", "eager"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(std::ranges::count(result.out, '\n'), 3) << "two of heading";
  EXPECT_THAT(result.out, AllOf(HasSubstr("\neager_eager_attn  "), HasSubstr("none of 24  passed\n")));
}

}  // namespace
}  // namespace bv2
