// The variant `compiled`, as its users meet it: what it reports, its cache, and machines that lack a
// compiler.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "framework/result.h"
#include "support/built.h"
#include "support/data.h"
#include "support/process.h"
#include "support/schema.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

/// Each test has a cache of its own, empty at first.
class CompiledProgram : public testing::Test {
 protected:
  /// Three tokens of the llama fixture, compiled.
  test::ProcessResult run(const std::vector<std::string>& more, std::vector<std::string> environment = {}) {
    std::vector<std::string> command{test::program(),
                                     "run",
                                     "--model-id",
                                     test::data_dir() / "models/llama",
                                     "--prompt-ids",
                                     "1,2,3,4,5",
                                     "--dtype",
                                     "float32",
                                     "--warmup-iterations",
                                     "0",
                                     "--measurement-iterations",
                                     std::to_string(iterations_),
                                     "--no-machine-limits",
                                     "--output-dir",
                                     folder_.path() / "results"};
    command.insert(command.end(), more.begin(), more.end());
    if (std::ranges::find(more, "--num-tokens-to-generate") == more.end())
      command.insert(command.end(), {"--num-tokens-to-generate", "3"});
    if (std::ranges::find(more, "--variant") == more.end())
      command.insert(command.end(), {"--variant", "compiled"});
    environment.push_back("BV2_CACHE_DIR=" + cache().string());
    return test::Process(command, folder_.path(), environment).wait();
  }
  /// The only scenario of such a run, held against the schema of documents.
  Json scenario(std::vector<std::string> more, const std::vector<std::string>& environment = {}) {
    more.insert(more.end(), {"--format", "json", "--level", "2"});
    last_ = run(more, environment);
    const Json documents = Json::parse(last_.out, nullptr, false);
    if (!documents.is_array() || documents.size() != 1) {
      ADD_FAILURE() << last_.out << last_.err;
      return {};
    }
    EXPECT_EQ(test::schema_faults_of_text(documents[0].dump(), "benchmark_document.schema.json"), "");
    EXPECT_EQ(documents[0]["benchmark_scenarios"].size(), 1U);
    return documents[0]["benchmark_scenarios"][0];
  }
  /// The same in the default mode, which has to succeed.
  Json default_scenario(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--compile-mode", "default"});
    Json found = scenario(more);
    EXPECT_EQ(found["status"], "success") << last_.err;
    return found;
  }

  [[nodiscard]] fs::path cache() const { return folder_.path() / "cache"; }

  test::TemporaryFolder folder_;
  test::ProcessResult last_;
  int iterations_ = 1;
};

bool all_from_cache(const Json& scenario) {
  const Json& graphs = scenario["metadata"]["effective"]["compiled"]["graphs"];
  return std::ranges::all_of(graphs, [](const Json& graph) { return graph["from_cache"].get<bool>(); });
}

TEST_F(CompiledProgram, SaysWhatItMadeAndASecondRunCompilesNothing) {
  const Json first = default_scenario();
  const Json& effective = first["metadata"]["effective"];
  EXPECT_EQ(effective["variant"], "compiled");
  EXPECT_EQ(effective["compile_mode"], "default");
  EXPECT_THAT(effective["definitions"], testing::IsEmpty());
  const Json& graphs = effective["compiled"]["graphs"];
  ASSERT_EQ(graphs.size(), 2U) << "a prefill and a decode step";
  EXPECT_EQ(graphs[0]["name"], "prefill");
  EXPECT_EQ(graphs[1]["name"], "decode");
  for (const Json& graph : graphs) {
    EXPECT_EQ(graph["calls_left"]["attention"], 3) << "a layer each";
    EXPECT_LT(graph["arena_bytes"], graph["unplanned_bytes"]);
    EXPECT_FALSE(graph["from_cache"].get<bool>());
  }
  EXPECT_EQ(effective["compiled"]["fallbacks"], Json::object());
  const Json& preparation = first["phases"]["preparation"];
  double parts = 0;
  for (const char* part :
       {"pack_seconds", "trace_seconds", "emit_seconds", "compile_seconds", "load_code_seconds"}) {
    EXPECT_GT(preparation[part].get<double>(), 0) << part;
    parts += preparation[part].get<double>();
  }
  EXPECT_LE(parts, first["phases"]["prepare_seconds"].get<double>());

  const Json second = default_scenario({"--batch-size", "3", "--sequence-length", "9"});
  EXPECT_TRUE(all_from_cache(second)) << "neither another batch nor another length";
  EXPECT_EQ(second["phases"]["preparation"]["compile_seconds"], 0);
}

TEST_F(CompiledProgram, TheWholeStepIsOneTeamWhereOverheadIsReduced) {
  const Json found = scenario({"--compile-mode", "reduce-overhead", "--dump-code", folder_.path() / "code"});
  EXPECT_EQ(found["status"], "success") << last_.err;
  EXPECT_EQ(found["scenario_name"], "compiled_compile_reduce-overhead_sdpa_flash_attention");
  EXPECT_EQ(found["metadata"]["effective"]["compiled"]["one_team"], true);
  const std::string step =
      read_file(folder_.path() / "code/llama" / found["scenario_name"].get<std::string>() / "decode.cpp");
  const auto regions_of = [](const std::string& source) {
    int count = 0;
    for (std::size_t at = source.find("call->in_parallel("); at != std::string::npos;
         at = source.find("call->in_parallel(", at + 1))
      ++count;
    return count;
  };
  EXPECT_EQ(regions_of(step.substr(step.find("static void run_few("),
                                   step.find("static void run_many(") - step.find("static void run_few("))),
            1);
}

// One new token needs the prefill alone, whose candidates share their code.
TEST_F(CompiledProgram, WhatIsTunedSaysWhatWasTriedAndKeepsTheChoice) {
  const std::vector<std::string> one_token{"--compile-mode", "max-autotune", "--num-tokens-to-generate", "1"};
  const Json first = scenario(one_token);
  EXPECT_EQ(first["status"], "success") << last_.err;
  EXPECT_EQ(first["scenario_name"], "compiled_compile_max-autotune_sdpa_flash_attention");
  EXPECT_GT(first["phases"]["preparation"]["autotune_seconds"].get<double>(), 0);
  const Json& tuning = first["metadata"]["effective"]["compiled"]["autotune"];
  EXPECT_EQ(tuning["from_cache"], false);
  EXPECT_FALSE(all_from_cache(first));
  EXPECT_GT(first["phases"]["preparation"]["compile_seconds"].get<double>(), 0) << "of the candidates";
  ASSERT_EQ(tuning["graphs"].size(), 1U);
  for (const Json& graph : tuning["graphs"]) {
    EXPECT_GE(graph["candidates"].size(), 2U);
    EXPECT_TRUE(std::ranges::any_of(
        graph["candidates"], [&](const Json& candidate) { return candidate["name"] == graph["winner"]; }));
  }
  const Json second = scenario(one_token);
  const Json& kept = second["metadata"]["effective"]["compiled"]["autotune"];
  EXPECT_EQ(kept["from_cache"], true);
  EXPECT_EQ(kept["graphs"], tuning["graphs"]);
  EXPECT_TRUE(all_from_cache(second));
  EXPECT_EQ(second["phases"]["preparation"]["compile_seconds"], 0);
}

TEST_F(CompiledProgram, SlowVerifyPassesWhereModelsAreTuned) {
  for (const std::string name : {"llama", "gemma3", "mixtral"}) {
    const fs::path model = test::data_dir() / "models" / name;
    const auto verified =
        test::Process({test::program(), "verify", "--model-id", model, "--reference",
                       model / "expected.safetensors", "--variant", "compiled", "--compile-mode",
                       "max-autotune", "--dtype", "float32", "--format", "csv"},
                      folder_.path(), {"BV2_CACHE_DIR=" + cache().string()})
            .wait();
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    EXPECT_THAT(verified.out, AllOf(HasSubstr("max-autotune"), HasSubstr(",passed,")));
  }
}

TEST_F(CompiledProgram, LeavesGraphsAndCodeToLookAt) {
  const Json found =
      default_scenario({"--dump-graph", folder_.path() / "graphs", "--dump-code", folder_.path() / "code"});
  const fs::path below = fs::path("llama") / found["scenario_name"].get<std::string>();
  for (const std::string name : {"prefill", "decode"}) {
    const std::string traced = read_file(folder_.path() / "graphs" / below / (name + ".traced.txt"));
    const std::string run = read_file(folder_.path() / "graphs" / below / (name + ".txt"));
    EXPECT_THAT(traced, testing::Not(HasSubstr("  group rows")));
    EXPECT_THAT(run, HasSubstr("  group rows"));
    EXPECT_THAT(read_file(folder_.path() / "code" / below / (name + ".cpp")),
                HasSubstr("extern \"C\" void run_graph(const Launch* call)"));
  }
}

TEST_F(CompiledProgram, WithoutACompilerTheScenarioIsSkippedInOneLine) {
  const Json found = scenario({"--compile-mode", "default"}, {"CXX=/nowhere/g++"});
  EXPECT_EQ(found["status"], "skipped");
  EXPECT_EQ(found["error"],
            "compiled mode needs a C++ compiler, and CXX='/nowhere/g++' does not run: correct or unset it");
  const auto verified =
      test::Process({test::program(), "verify", "--model-id", test::data_dir() / "models/llama",
                     "--reference", test::data_dir() / "models/llama/expected.safetensors", "--sdpa-backend",
                     "flash_attention", "--format", "csv"},
                    folder_.path(), {"CXX=/nowhere/g++"})
          .wait();
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_THAT(verified.out, AllOf(HasSubstr(",skipped,"), HasSubstr(",passed,")));
}

TEST_F(CompiledProgram, ACompilerThatFailsIsAFailureThatKeepsTheSource) {
  // Says who it is, and nothing else works.
  const fs::path broken =
      folder_.write("broken++",
                    "#!/bin/sh\ncase \"$*\" in *code.cpp*) echo 'error: out of patience' >&2; exit 1;; esac\n"
                    "exec g++ \"$@\"\n");
  fs::permissions(broken, fs::perms::owner_all);
  const Json found = scenario({"--compile-mode", "default"}, {"CXX=" + broken.string()});
  EXPECT_EQ(found["status"], "failed");
  EXPECT_THAT(found["error"].get<std::string>(),
              AllOf(HasSubstr("did not compile"), HasSubstr("out of patience"),
                    HasSubstr("the source is kept in '" + (cache() / "failed").string())));
  EXPECT_THAT(found["iterations"], testing::IsEmpty());
}

TEST_F(CompiledProgram, ADamagedEntryOfTheCacheIsBuiltAgainWithOneWarning) {
  default_scenario();
  int damaged = 0;
  for (const auto& file : fs::recursive_directory_iterator(cache())) {
    if (file.path().filename() != "code.so" || damaged > 0) continue;
    fs::resize_file(file.path(), 100);
    ++damaged;
  }
  ASSERT_EQ(damaged, 1);
  const Json again = default_scenario();
  EXPECT_FALSE(all_from_cache(again));
  const std::string warning = "was damaged and has been built again";
  const auto at = last_.err.find(warning);
  ASSERT_NE(at, std::string::npos) << last_.err;
  EXPECT_EQ(last_.err.find(warning, at + 1), std::string::npos) << last_.err;
}

TEST_F(CompiledProgram, TheTableSaysWhenCompilingHasPaidForItself) {
  iterations_ = 4;  // a comparison needs several
  const auto found = run({"--variant", "eager", "compiled", "--compile-mode", "default", "--level", "0"});
  EXPECT_EQ(found.status, 0) << found.err;
  EXPECT_THAT(found.out, testing::ContainsRegex("compiled_compile_default_sdpa_flash_attention is .*x .*; "
                                                "(has saved|never saves) its .* s of preparation"));
}

}  // namespace
}  // namespace bv2
