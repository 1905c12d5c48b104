// `machine`: what it shows, keeps and measures again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "framework/machine_limits.h"
#include "support/built.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2::test {
namespace {

using testing::HasSubstr;

class MachineProgram : public testing::Test {
 protected:
  ProcessResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {program(), "machine"});
    Process process(arguments, cache_.path(), {"BV2_CACHE_DIR=" + cache_.path().string()});
    return process.wait();
  }
  [[nodiscard]] std::filesystem::path kept_file() const { return machine_limits_file(cache_.path()); }

  TemporaryFolder cache_;
};

TEST_F(MachineProgram, ShowsWhatWasKept) {
  MachineLimits limits;
  const std::string now = "2199-01-01T00:00:00.000Z";
  for (const std::int64_t bytes : measured_working_sets()) {
    limits.read_bandwidth.push_back({1, bytes, 12.5e9, "2 streams", now});
  }
  for (const auto* dtype : {"float32", "bfloat16", "float16"}) {
    limits.product_rate.push_back({1, dtype, 250e9, "8 x 8 x 8", "made_up", now});
  }
  write_json(kept_file(), {{"schema_version", "1"}, {"limits", to_json(limits)}});
  const auto table = run({"--threads", "1"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("12.5 GB/s"));
  EXPECT_THAT(table.out, HasSubstr("multiply bfloat16"));
  EXPECT_THAT(table.out, HasSubstr("250 GFLOP/s"));
  const auto json = run({"--threads", "1", "--format", "json"});
  MachineLimits shown;
  from_json_value(parse_json(json.out, "stdout"), shown, "stdout");
  EXPECT_EQ(shown.read_bandwidth.size(), limits.read_bandwidth.size());
  EXPECT_THAT(run({"--threads", "1", "--format", "csv"}).out,
              HasSubstr("product_operations,1,,bfloat16,250000000000,\"8 x 8 x 8, made_up\"," + now));
}

TEST_F(MachineProgram, SlowMeasuresAndKeeps) {
  const auto result = run({"--threads", "1", "--measure-anew", "--format", "json"});
  ASSERT_EQ(result.status, 0) << result.err;
  MachineLimits shown;
  from_json_value(parse_json(result.out, "stdout"), shown, "stdout");
  EXPECT_EQ(shown.read_bandwidth.size(), measured_working_sets().size());
  EXPECT_FALSE(shown.product_rate.empty());
  EXPECT_TRUE(std::filesystem::exists(kept_file()));
}

}  // namespace
}  // namespace bv2::test
