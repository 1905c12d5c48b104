// `run_benchmarks compare` from the outside: tables, formats and the exit statuses that CI reads.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/built.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CompareProgram : public testing::Test {
 protected:
  /// A run of the quick module.
  fs::path results(const std::string& name, const std::string& tokens = "8") {
    const fs::path output = folder_.path() / name;
    const auto run = test::run_process({test::program(), "run", "--benches-dir", test::module_dir("quick"),
                                        "--include", "quick", "--output-dir", output,
                                        "--num-tokens-to-generate", tokens, "--measurement-iterations", "6"});
    EXPECT_EQ(run.status, 0) << run.err;
    return output;
  }
  static test::ProcessResult compare(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {test::program(), "compare"});
    return test::run_process(arguments);
  }

  test::TemporaryFolder folder_;
};

TEST_F(CompareProgram, TheSameResultsAreNotSlower) {
  const fs::path base = results("base");
  const auto same = compare({base, base});
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  EXPECT_THAT(same.out, HasSubstr("latency"));
  const Json json = parse_json(compare({base, base, "--format", "json"}).out, "output");
  EXPECT_EQ(json["reports"].size(), 1U);
  EXPECT_EQ(json["reports"][0]["scenarios"][0]["metrics"][0]["ratio"], 1.0);
  EXPECT_THAT(compare({base, base, "--format", "md"}).out, HasSubstr("| scenario |"));
  // One launch with noise of 50% can say nothing.
  EXPECT_EQ(compare({base, base, "--strict", "--launch-noise", "50%"}).status, 4);
}

/// Multiplies all times of the documents below a folder.
void slow_down(const fs::path& folder, std::int64_t factor) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename().string().find("_benchmark_") == std::string::npos) continue;
    Json document = read_json(entry.path());
    for (Json& scenario : document["benchmark_scenarios"]) {
      for (Json& iteration : scenario["iterations"]) {
        const auto start = iteration["start_ns"].get<std::int64_t>();
        for (Json& token : iteration["token_ns"])
          token = start + factor * (token.get<std::int64_t>() - start);
      }
    }
    write_json(entry.path(), document);
  }
}

TEST_F(CompareProgram, WhatIsSlowerHasStatusThree) {
  const fs::path base = results("base");
  const fs::path slower = folder_.path() / "slower";
  fs::copy(base, slower, fs::copy_options::recursive);
  slow_down(slower, 100);
  const auto worse = compare({base, slower});
  EXPECT_EQ(worse.status, 3) << worse.out << worse.err;
  EXPECT_THAT(worse.out, HasSubstr("SLOWER"));
  const auto better = compare({slower, base});
  EXPECT_EQ(better.status, 0) << better.out;
  EXPECT_THAT(better.out, HasSubstr("FASTER"));
}

TEST_F(CompareProgram, WrongOperandsAreOneLine) {
  EXPECT_EQ(compare({folder_.path()}).status, 2);
  const auto nothing = compare({folder_.path() / "a", folder_.path() / "b"});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_EQ(std::ranges::count(nothing.err, '\n'), 1) << nothing.err;
}

}  // namespace
}  // namespace bv2
