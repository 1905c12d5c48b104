// Levels, filters, sizes, files and names of scenarios.
#include "framework/scenario_space.h"

#include <gmock/gmock.h>

#include <set>

#include "base/json.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using test::error_text;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> eager_only{"eager"};
const std::vector<std::string> all_variants{"eager", "compiled", "kernelized"};
const std::vector<std::string> all_modes{"default", "reduce-overhead", "max-autotune",
                                         "max-autotune-no-cudagraphs"};

std::vector<std::string> names_of(const std::vector<ScenarioConfig>& scenarios) {
  std::vector<std::string> names;
  for (const ScenarioConfig& config : scenarios) names.push_back(scenario_name(config));
  return names;
}

TEST(Levels, OfTheEagerMode) {
  EXPECT_THAT(names_of(scenarios_of_level(eager_only, {}, 0)), ElementsAre("eager_sdpa_flash_attention"));
  EXPECT_THAT(names_of(scenarios_of_level(eager_only, {}, 1)),
              ElementsAre("eager_sdpa_flash_attention", "eager_eager_attn"));
  for (const int level : {2, 3, 4}) {
    EXPECT_THAT(names_of(scenarios_of_level(eager_only, {}, level)),
                ElementsAre("eager_sdpa_flash_attention", "eager_eager_attn", "eager_sdpa_math",
                            "eager_sdpa_efficient_attention"));
  }
}

TEST(Levels, OfAllModesGrow) {
  EXPECT_THAT(names_of(scenarios_of_level(all_variants, all_modes, 0)),
              ElementsAre("eager_sdpa_flash_attention", "compiled_compile_default_sdpa_flash_attention",
                          "kernelized_sdpa_flash_attention"));
  const std::vector<std::size_t> sizes{3, 4, 8, 20, 24};
  std::set<std::string> below;
  for (int level = 0; level <= highest_level; ++level) {
    const std::vector<std::string> names = names_of(scenarios_of_level(all_variants, all_modes, level));
    const std::set<std::string> distinct(names.begin(), names.end());
    EXPECT_EQ(names.size(), sizes[static_cast<std::size_t>(level)]) << level;
    EXPECT_EQ(distinct.size(), names.size()) << level;
    EXPECT_TRUE(std::ranges::includes(distinct, below)) << level;
    below = distinct;
  }
}

TEST(Filters, KeepWhatTheyName) {
  const auto scenarios = scenarios_of_level(all_variants, all_modes, 3);
  RunOptions options;
  EXPECT_EQ(filter_scenarios(scenarios, options).size(), scenarios.size());
  options.variants = {"kernelized"};
  options.sdpa_backends = {"math", "flash_attention"};
  EXPECT_THAT(names_of(filter_scenarios(scenarios, options)),
              ElementsAre("kernelized_sdpa_flash_attention", "kernelized_sdpa_math"));
  options.attn_implementations = {"eager", "sdpa"};  // eager attention has no backend, but is asked for
  EXPECT_THAT(
      names_of(filter_scenarios(scenarios, options)),
      ElementsAre("kernelized_sdpa_flash_attention", "kernelized_eager_attn", "kernelized_sdpa_math"));
}

TEST(Filters, OnCompileModesDropOtherVariantsUnlessNamed) {
  const auto scenarios = scenarios_of_level(all_variants, all_modes, 2);
  RunOptions options;
  options.compile_modes = {"max-autotune"};
  EXPECT_THAT(names_of(filter_scenarios(scenarios, options)),
              ElementsAre("compiled_compile_max-autotune_sdpa_flash_attention"));
  options.variants = {"compiled", "kernelized"};
  EXPECT_THAT(
      names_of(filter_scenarios(scenarios, options)),
      ElementsAre("compiled_compile_max-autotune_sdpa_flash_attention", "kernelized_sdpa_flash_attention"));
}

TEST(Options, AreRefusedWithTheirNameAndValue) {
  const auto text_of = [](const auto& change) {
    RunOptions options;
    change(options);
    return error_text<UsageError>([&] { validate_options(options); });
  };
  EXPECT_NO_THROW(validate_options({}));
  EXPECT_EQ(text_of([](RunOptions& o) {
              o.batch_sizes = {1, 0};
            }),
            "--batch-size 0 does not fit: it must be at least 1");
  EXPECT_EQ(text_of([](RunOptions& o) { o.sequence_lengths = {-3}; }),
            "--sequence-length -3 does not fit: it must be at least 1");
  EXPECT_EQ(text_of([](RunOptions& o) { o.num_tokens_to_generate = {0}; }),
            "--num-tokens-to-generate 0 does not fit: it must be at least 1");
  EXPECT_EQ(text_of([](RunOptions& o) { o.measurement_iterations = 0; }),
            "--measurement-iterations 0 does not fit: it must be at least 1");
  EXPECT_EQ(text_of([](RunOptions& o) { o.warmup_iterations = -1; }),
            "--warmup-iterations -1 does not fit: it must be at least 0");
  EXPECT_EQ(text_of([](RunOptions& o) { o.threads = -1; }),
            "--threads -1 does not fit: it must be at least 0");
  EXPECT_THAT(text_of([](RunOptions& o) { o.batch_sizes = {1'000'000'000'000}; }),
              HasSubstr("--batch-size 1000000000000 does not fit"));
  EXPECT_EQ(text_of([](RunOptions& o) { o.level = 5; }), "--level 5 does not exist; there are 0 to 4");
  EXPECT_EQ(text_of([](RunOptions& o) { o.dtype = "int8"; }),
            "--dtype 'int8' does not exist; there are: float32, bfloat16, float16");
  EXPECT_EQ(text_of([](RunOptions& o) { o.device = "cuda"; }),
            "--device 'cuda' does not exist; there are: cpu");
  EXPECT_EQ(text_of([](RunOptions& o) { o.variants = {"eagre"}; }),
            "--variant 'eagre' does not exist; there are: eager, compiled, kernelized");
  EXPECT_EQ(text_of([](RunOptions& o) { o.attn_implementations = {"flash"}; }),
            "--attn-implementation 'flash' does not exist; there are: eager, sdpa");
  EXPECT_THAT(text_of([](RunOptions& o) { o.sdpa_backends = {"cudnn"}; }),
              HasSubstr("--sdpa-backend 'cudnn' does not exist"));
  EXPECT_THAT(text_of([](RunOptions& o) { o.compile_modes = {"fast"}; }),
              HasSubstr("--compile-mode 'fast' does not exist"));
  EXPECT_THAT(text_of([](RunOptions& o) {
                o.prompt = "a";
                o.prompt_ids = {1};
              }),
              HasSubstr("exclude each other"));
}

TEST(Sizes, Multiply) {
  RunOptions options;
  options.batch_sizes = {1, 4};
  options.sequence_lengths = {16, 32};
  options.num_tokens_to_generate = {5, 6, 7};
  options.dtype = "float32";
  options.threads = 2;
  const auto expanded = expand_sizes(scenarios_of_level(eager_only, {}, 1), options);
  ASSERT_EQ(expanded.size(), 2U * 2U * 2U * 3U);
  EXPECT_EQ(expanded.back().batch_size, 4);
  EXPECT_EQ(expanded.back().sequence_length, 32);
  EXPECT_EQ(expanded.back().num_tokens_to_generate, 7);
  EXPECT_EQ(expanded.back().dtype, "float32");
  EXPECT_EQ(expanded.back().threads, 2);
  EXPECT_EQ(without_duplicates(expanded).size(), expanded.size());
}

TEST(Sizes, WithoutALengthThePromptHasItsOwn) {
  const auto expanded = expand_sizes(scenarios_of_level(eager_only, {}, 0), {});
  ASSERT_EQ(expanded.size(), 1U);
  EXPECT_FALSE(expanded[0].sequence_length);
}

TEST(Sizes, GivenTwiceAreRunOnce) {
  RunOptions options;
  options.batch_sizes = {2, 2};
  EXPECT_EQ(without_duplicates(expand_sizes(scenarios_of_level(eager_only, {}, 0), options)).size(), 1U);
}

TEST(ConfigFile, ReadsWhatResultsCarry) {
  const test::TemporaryFolder folder;
  const auto scenarios = scenarios_of_level(all_variants, all_modes, 4);
  Json array = Json::array();
  std::string lines;
  for (const ScenarioConfig& config : scenarios) {
    array.push_back(to_json(config));
    lines += to_json(config).dump() + "\n\n";
  }
  const auto expected = names_of(scenarios);
  EXPECT_EQ(names_of(read_config_file(folder.write("a.json", array.dump(2)))), expected);
  EXPECT_EQ(names_of(read_config_file(folder.write("a.jsonl", lines))), expected);
  EXPECT_EQ(names_of(read_config_file(folder.write("one.json", R"({"batch_size": 3})"))),
            std::vector<std::string>{"eager_sdpa_flash_attention"});
}

TEST(ConfigFile, SettlesWhatFollows) {
  const test::TemporaryFolder folder;
  const auto path = folder.write(
      "a.jsonl",
      "{\"attn_implementation\": \"eager\"}\r\n{\"variant\": \"compiled\", \"sdpa_backend\": null}");
  EXPECT_THAT(names_of(read_config_file(path)),
              ElementsAre("eager_eager_attn", "compiled_compile_default_sdpa_default"));
}

TEST(ConfigFile, FaultsNameTheirPlace) {
  const test::TemporaryFolder folder;
  const auto text_of = [&](std::string_view name, std::string_view content) {
    const auto path = folder.write(std::string(name), content);
    return error_text<UsageError>([&] { read_config_file(path); });
  };
  EXPECT_THAT(text_of("a.json", "[{}, {\"batchsize\": 1}]"),
              HasSubstr("a.json': scenario 2: the field 'batchsize' is not known"));
  EXPECT_THAT(text_of("a.json", "{\"batch_size\": \"1\"}"),
              HasSubstr("scenario 1: batch_size: \"1\" does not fit"));
  EXPECT_THAT(text_of("a.json", "{\"batch_size\": 0}"),
              HasSubstr("scenario 1: batch_size 0 does not fit: it must be at least 1"));
  EXPECT_THAT(text_of("a.json", "{\"dtype\": \"int4\"}"),
              HasSubstr("scenario 1: dtype 'int4' does not exist"));
  EXPECT_THAT(text_of("a.json", "{\"sdpa_backend\": \"x\"}"),
              HasSubstr("scenario 1: sdpa_backend 'x' does not exist"));
  EXPECT_THAT(text_of("a.json", "{\"compile_mode\": \"default\"}"),
              HasSubstr("compile_mode 'default' does not go with the variant 'eager'"));
  EXPECT_THAT(text_of("a.json", "{\"use_cache\": false}"), HasSubstr("use_cache false is not supported"));
  EXPECT_THAT(text_of("a.json", "7"), HasSubstr("scenario 1: an object was expected, found number"));
  EXPECT_THAT(text_of("a.json", "[]"), HasSubstr("has no scenarios"));
  EXPECT_THAT(text_of("a.json", "{"), HasSubstr("is not valid JSON"));
  EXPECT_THAT(text_of("a.jsonl", "{}\n{,}\n"), HasSubstr("a.jsonl:2' is not valid JSON"));
  EXPECT_THAT(text_of("a.yaml", "a: 1"), HasSubstr("must end in .json or .jsonl"));
  EXPECT_THAT(error_text<UsageError>([&] { read_config_file(folder.path() / "none.json"); }),
              HasSubstr("none.json': No such file"));
}

TEST(Names, AreTheUsualOnesWhereTheyDiffer) {
  const auto scenarios = scenarios_of_level(all_variants, all_modes, 4);
  EXPECT_EQ(unique_scenario_names(scenarios), names_of(scenarios));
}

TEST(Names, CarryTheFieldsInWhichTheyDifferOtherwise) {
  RunOptions options;
  options.batch_sizes = {1, 4};
  options.num_tokens_to_generate = {5, 6};
  EXPECT_THAT(unique_scenario_names(expand_sizes(scenarios_of_level(eager_only, {}, 0), options)),
              ElementsAre("eager_sdpa_flash_attention_num_tokens_to_generate_5_batch_size_1",
                          "eager_sdpa_flash_attention_num_tokens_to_generate_6_batch_size_1",
                          "eager_sdpa_flash_attention_num_tokens_to_generate_5_batch_size_4",
                          "eager_sdpa_flash_attention_num_tokens_to_generate_6_batch_size_4"));
}

TEST(Descriptions, SayWhatIsRun) {
  ScenarioConfig config;
  EXPECT_EQ(scenario_description(config),
            "eager mode, sdpa attention (flash_attention), bfloat16 on cpu, batch 1, prompt at its own "
            "length, 100 new tokens");
  config = {.variant = "compiled",
            .compile_mode = "max-autotune",
            .sequence_length = 128,
            .attn_implementation = "eager",
            .sdpa_backend = {}};
  EXPECT_EQ(scenario_description(config),
            "compiled mode (max-autotune), eager attention, bfloat16 on cpu, batch 1, prompt of 128 tokens, "
            "100 new tokens");
}

}  // namespace
}  // namespace bv2
