// What is measured, what is kept, and for how long.
#include "framework/machine_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/engine_services.h"
#include "framework/timestamp.h"
#include "support/system_tree.h"
#include "support/temporary_folder.h"

namespace bv2::test {
namespace {

/// Counts what it is asked.
class FakeProbes final : public EngineServices {
 public:
  [[nodiscard]] std::string_view name() const override { return "fake"; }
  [[nodiscard]] bool has_probes() const override { return true; }
  [[nodiscard]] std::optional<ReadBandwidth> read_bandwidth(std::int64_t bytes,
                                                            std::int64_t threads) const override {
    ++asked;
    return ReadBandwidth{.threads = threads,
                         .working_set_bytes = bytes,
                         .bytes_per_second = times * 1e9 * static_cast<double>(threads),
                         .pattern = "fake",
                         .measured_at = {}};
  }
  [[nodiscard]] std::optional<ProductRate> product_rate(std::string_view dtype,
                                                        std::int64_t threads) const override {
    if (dtype == "float16") return std::nullopt;
    ++asked;
    return ProductRate{
        .threads = threads, .dtype = std::string(dtype), .operations_per_second = product_times * 1e12};
  }
  mutable int asked = 0;
  double times = 1;  ///< reads are as fast as at first
  double product_times = 1;
};

class NoProbes final : public EngineServices {
 public:
  [[nodiscard]] std::string_view name() const override { return "other"; }
};

class MachineLimitsTest : public testing::Test {
 protected:
  MachineLimitsTest() {
    system_.put("proc/meminfo", "MemTotal:       16777216 kB\n");
    const std::string cache = "sys/devices/system/cpu/cpu0/cache/";
    system_.put(cache + "index2/level", "2\n");
    system_.put(cache + "index2/type", "Unified\n");
    system_.put(cache + "index2/size", "128M\n");  // few sizes: 64 to 512 MiB
    request_.threads = {1, 2};
    request_.kept_file = kept_.path() / "cache" / "limits.json";
    request_.system_root = system_.system().root;
  }
  MachineLimits measure() { return machine_limits(engines_, request_); }

  SystemTree system_;
  TemporaryFolder kept_;
  NoProbes other_;
  FakeProbes probes_;
  std::vector<const EngineServices*> engines_{&other_, &probes_};
  MachineLimitsRequest request_;
};

constexpr int all_probes = 2 * (6 + 2);  // threads x (64 MiB ... 2 GiB, and two dtypes)

TEST_F(MachineLimitsTest, SizesGoFromHalfOfTheL2CacheToMemory) {
  EXPECT_THAT(
      measured_working_sets(request_.system_root),
      testing::ElementsAre(64LL << 20, 128LL << 20, 256LL << 20, 512LL << 20, 1024LL << 20, 2048LL << 20));
}

TEST_F(MachineLimitsTest, SizesStayBelowAQuarterOfTheMemory) {
  system_.put("proc/meminfo", "MemTotal:       1048576 kB\n");
  EXPECT_THAT(measured_working_sets(request_.system_root),
              testing::ElementsAre(64LL << 20, 128LL << 20, 256LL << 20));
}

TEST_F(MachineLimitsTest, MeasuresEachSizeAndDtypeWithEachNumberOfThreads) {
  const MachineLimits limits = measure();
  EXPECT_EQ(probes_.asked, all_probes);
  EXPECT_EQ(limits.read_bandwidth.size(), 12U);
  EXPECT_EQ(limits.product_rate.size(), 4U);
  EXPECT_DOUBLE_EQ(*limits.read_bytes_per_second(2, 100LL << 20), 2e9);
  EXPECT_FALSE(limits.read_bandwidth[0].measured_at.empty());
}

TEST_F(MachineLimitsTest, KeepsThemForADay) {
  measure();
  probes_.asked = 0;
  request_.now += std::chrono::hours(23);
  const MachineLimits again = measure();
  EXPECT_EQ(probes_.asked, 0);
  EXPECT_EQ(again.read_bandwidth.size(), 12U);
  request_.now += std::chrono::hours(2);
  measure();
  EXPECT_EQ(probes_.asked, all_probes);
}

TEST_F(MachineLimitsTest, MeasuresOnlyWhatIsMissing) {
  measure();
  probes_.asked = 0;
  request_.threads = {2, 4};
  const MachineLimits limits = measure();
  EXPECT_EQ(probes_.asked, all_probes / 2);
  EXPECT_EQ(limits.read_bandwidth.size(), 18U);
  EXPECT_TRUE(std::ranges::is_sorted(limits.read_bandwidth, {}, &ReadBandwidth::threads));
}

TEST_F(MachineLimitsTest, MeasuresAnewOnRequest) {
  measure();
  probes_.asked = 0;
  request_.measure_anew = true;
  measure();
  EXPECT_EQ(probes_.asked, all_probes);
}

TEST_F(MachineLimitsTest, AFileThatCannotBeReadIsMeasuredOver) {
  std::filesystem::create_directories(request_.kept_file->parent_path());
  std::ofstream(*request_.kept_file) << "{ \"limits\": 7";
  EXPECT_EQ(measure().read_bandwidth.size(), 12U);
  probes_.asked = 0;
  measure();
  EXPECT_EQ(probes_.asked, 0) << "it was replaced";
}

TEST_F(MachineLimitsTest, AFolderThatCannotBeWrittenCostsNoMeasurement) {
  request_.kept_file = kept_.write("file", "no folder") / "limits.json";
  EXPECT_EQ(measure().read_bandwidth.size(), 12U);
}

TEST_F(MachineLimitsTest, FasterReadsRaiseWhatIsNoLarger) {
  MachineLimits limits = measure();
  probes_.times = 1.5;
  probes_.product_times = 0.5;
  request_.threads = {2};
  request_.now += std::chrono::hours(1);
  EXPECT_TRUE(raise_machine_limits(engines_, request_, limits));
  for (const ReadBandwidth& entry : limits.read_bandwidth) {
    EXPECT_DOUBLE_EQ(entry.bytes_per_second, entry.threads == 2 ? 3e9 : 1e9);
    EXPECT_EQ(entry.measured_at == utc_timestamp(request_.now), entry.threads == 2);
  }
  EXPECT_EQ(limits.read_bandwidth[6].working_set_bytes, 64LL << 20) << "each keeps its size";
  for (const ProductRate& entry : limits.product_rate) EXPECT_DOUBLE_EQ(entry.operations_per_second, 1e12);
  EXPECT_DOUBLE_EQ(*measure().read_bytes_per_second(2, 100LL << 20), 3e9) << "it was kept";
}

TEST_F(MachineLimitsTest, FasterProductsRaiseTheirOwn) {
  MachineLimits limits = measure();
  probes_.product_times = 2;
  request_.threads = {2};
  request_.now += std::chrono::hours(1);
  EXPECT_TRUE(raise_machine_limits(engines_, request_, limits));
  for (const ProductRate& entry : limits.product_rate) {
    EXPECT_DOUBLE_EQ(entry.operations_per_second, entry.threads == 2 ? 2e12 : 1e12);
    EXPECT_EQ(entry.measured_at == utc_timestamp(request_.now), entry.threads == 2);
  }
  for (const ReadBandwidth& entry : limits.read_bandwidth)
    EXPECT_NE(entry.measured_at, utc_timestamp(request_.now));
  EXPECT_DOUBLE_EQ(*measure().operations_per_second(2, "bfloat16"), 2e12) << "it was kept";
}

TEST_F(MachineLimitsTest, ASlowerMachineLowersNothing) {
  MachineLimits limits = measure();
  const Json before = to_json(limits);
  probes_.times = 0.5;
  probes_.product_times = 0.5;
  EXPECT_FALSE(raise_machine_limits(engines_, request_, limits));
  EXPECT_EQ(to_json(limits), before);
}

TEST_F(MachineLimitsTest, WithoutProbesThereAreNone) {
  engines_ = {&other_};
  EXPECT_TRUE(measure().empty());
  EXPECT_FALSE(std::filesystem::exists(*request_.kept_file));
}

TEST_F(MachineLimitsTest, ProgressMayEndIt) {
  request_.progress = [](std::string_view) { throw Error("enough"); };
  EXPECT_THROW(measure(), Error);
}

TEST(MachineLimitsFile, IsOfTheKindOfProcessor) {
  SystemTree system;
  system.put("proc/cpuinfo", "processor : 0\nmodel name : Some CPU @ 3/4 GHz\n");
  const auto name = machine_limits_file("/cache", system.system().root).filename().string();
  EXPECT_TRUE(name.starts_with("machine_limits_Some_CPU___3_4_GHz_x")) << name;
}

}  // namespace
}  // namespace bv2::test
