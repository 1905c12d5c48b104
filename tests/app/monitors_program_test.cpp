// Monitors in the program: a driver that the system's loader finds, in a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/result.h"
#include "support/built.h"
#include "support/process.h"
#include "support/schema.h"
#include "support/temporary_folder.h"

namespace bv2::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class MonitorsProgram : public testing::Test {
 protected:
  /// Runs the quick module with those fakes in front of the loader's folders.
  ProcessResult run(const std::string& library, const std::string& fake, std::vector<std::string> more = {}) {
    std::vector<std::string> command{
        program(), "--benches-dir",       module_dir("quick").string(), "--include",
        "quick",   "--output-dir",        folder_.path().string(),      "--level",
        "0",       "--no-machine-limits", "--no-verification",          "--measurement-iterations",
        "2"};
    command.insert(command.end(), more.begin(), more.end());
    Process process(command, folder_.path(),
                    {"LD_LIBRARY_PATH=" + device_library_dir(library).string(), "FAKE_GPU=" + fake,
                     "BV2_CACHE_DIR=" + (folder_.path() / "cache").string()});
    return process.wait();
  }
  [[nodiscard]] ScenarioResult scenario() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.path().filename().string().find("_benchmark_2") == std::string::npos) continue;
      EXPECT_EQ(schema_faults(entry.path(), "benchmark_document.schema.json"), "");
      return read_benchmark_document(entry.path()).benchmark_scenarios.at(0);
    }
    ADD_FAILURE() << "there is no document";
    return {};
  }

  TemporaryFolder folder_;
};

TEST_F(MonitorsProgram, FindsTheDriverAndEveryDevice) {
  const auto result = run("nvml", "devices=2");
  ASSERT_EQ(result.status, 0) << result.err;
  const ScenarioResult found = scenario();
  EXPECT_EQ(found.gpu_metrics.gpu_monitoring_status, "success");
  EXPECT_THAT(found.gpu_metrics.devices.value(), SizeIs(2));
  EXPECT_EQ(found.metadata.hardware_info.gpu_name, "NVIDIA Fake 100");
}

TEST_F(MonitorsProgram, OfAnotherVendorToo) {
  ASSERT_EQ(run("level_zero", "").status, 0);
  EXPECT_EQ(scenario().metadata.hardware_info.gpus.at(0).vendor, "Intel");
}

TEST_F(MonitorsProgram, ADriverThatCrashesCostsSamplesAlone) {
  const auto result = run("nvml", "crash=nvmlDeviceGetPowerUsage");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("SIGSEGV"));
  const ScenarioResult found = scenario();
  EXPECT_EQ(found.status, ScenarioStatus::success);
  EXPECT_THAT(found.iterations, SizeIs(2));
  EXPECT_EQ(found.gpu_metrics.gpu_monitoring_status, "failed");
  EXPECT_EQ(found.gpu_metrics.gpu_monitoring_reason, "no_samples_collected");
}

TEST_F(MonitorsProgram, IsLeftAloneWhenToldTo) {
  ASSERT_EQ(run("nvml", "", {"--no-gpu-monitoring"}).status, 0);
  EXPECT_EQ(scenario().gpu_metrics.gpu_monitoring_reason, "switched_off");
}

}  // namespace
}  // namespace bv2::test
