// Benchmarks from modules: discovery, and what is wrong with a module in one line.
#include "framework/benchmark_modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/built.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using Dirs = std::vector<fs::path>;
using test::module_dir;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> names(const BenchmarkModules& modules) {
  std::vector<std::string> names;
  for (const auto& benchmark : modules.benchmarks()) names.push_back(benchmark->info().name);
  return names;
}

std::string error_of(const Dirs& built_in, const Dirs& user) {
  return test::error_text<UsageError>([&] { const BenchmarkModules modules(built_in, user); });
}

TEST(BenchmarkModules, AreFoundByEitherRunner) {
  const BenchmarkModules modules(Dirs{}, Dirs{module_dir("quick"), module_dir("named-by_default")});
  EXPECT_THAT(names(modules), ElementsAre("quick", "named-by_default"));
  EXPECT_THAT(modules.problems(), SizeIs(0));
}

TEST(BenchmarkModules, RunnerNamesAreIdentifiers) {
  EXPECT_EQ(runner_function_name("/x/llama.so"), "run_llama");
  EXPECT_EQ(runner_function_name("my-model.v2.so"), "run_my_model_v2");
}

TEST(BenchmarkModules, BuiltInFoldersMayBeMissingAndCountOnce) {
  const BenchmarkModules modules(Dirs{"/nowhere", module_dir("quick"), module_dir("quick") / "."},
                                 Dirs{module_dir("quick")});
  EXPECT_THAT(names(modules), ElementsAre("quick"));
}

TEST(BenchmarkModules, AUsersFolderMustHoldModules) {
  EXPECT_THAT(error_of({}, {"/nowhere"}), HasSubstr("--benches-dir: '/nowhere' is not a folder"));
  const test::TemporaryFolder empty;
  EXPECT_THAT(error_of({}, {empty.path()}), HasSubstr("has no benchmark module (*.so)"));
}

TEST(BenchmarkModules, AUsersBrokenModuleIsAnError) {
  EXPECT_THAT(error_of({}, {module_dir("without_runner")}),
              AllOf(HasSubstr("without_runner.so' is not a benchmark module"),
                    HasSubstr("neither run_without_runner nor run_benchmark")));
  EXPECT_THAT(error_of({}, {module_dir("throwing")}), HasSubstr("throwing.so' failed: no such device"));
  EXPECT_THAT(error_of({}, {module_dir("empty")}), HasSubstr("empty.so' offers no benchmark"));
  const test::TemporaryFolder folder;
  folder.write("text.so", "this is no library");
  EXPECT_THAT(error_of({}, {folder.path()}),
              AllOf(HasSubstr("cannot load '" + (folder.path() / "text.so").string() + "': "),
                    HasSubstr("file too short")));
}

TEST(BenchmarkModules, OneOfOtherHeadersIsRefusedBeforeItRuns) {
  EXPECT_EQ(error_of({}, {module_dir("other_interface")}),
            "the module '" + (module_dir("other_interface") / "other_interface.so").string() +
                "' was built against other headers of benchmark_v2: build it again");
}

TEST(BenchmarkModules, OneThatDoesNotSayItsHeadersIsRefused) {
  EXPECT_THAT(error_of({}, {module_dir("unmarked")}),
              HasSubstr("unmarked.so' does not say which headers it was built against"));
}

TEST(BenchmarkModules, TwoOfOneNameAreAnError) {
  EXPECT_THAT(error_of({module_dir("quick")}, {module_dir("same_name")}),
              AllOf(HasSubstr("two benchmarks have the name 'quick'"), HasSubstr("quick/quick.so"),
                    HasSubstr("same_name/same_name.so")));
}

TEST(BenchmarkModules, OneOfOursThatIsBrokenCostsNoOther) {
  const BenchmarkModules modules(Dirs{module_dir("throwing"), module_dir("without_runner"),
                                      module_dir("quick"), module_dir("same_name")},
                                 Dirs{});
  EXPECT_THAT(names(modules), ElementsAre("quick"));
  EXPECT_THAT(modules.problems(),
              ElementsAre(HasSubstr("no such device"), HasSubstr("not a benchmark module"),
                          HasSubstr("two benchmarks have the name 'quick'")));
}

}  // namespace
}  // namespace bv2
