// GPUs of each vendor, by fakes of their libraries (tests/device_libraries).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "framework/monitors/counter_names.h"
#include "framework/monitors/counter_source.h"
#include "framework/monitors/gpu_throttle.h"
#include "support/built.h"
#include "support/environment.h"

namespace bv2::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::int64_t mebibyte = 1 << 20;

/// What a GPU monitor over one fake library reads.
class Watched {
 public:
  explicit Watched(const std::string& key, const std::string& fake = {}) {
    MonitoredSystem system;
    system.device_libraries.emplace();
    (*system.device_libraries)[key] = device_library(fake.empty() ? key : fake).string();
    source_ = gpu_source(system);
    counters_ = source_->counters();
    read();
  }
  void read() {
    values_.assign(counters_.size(), not_read);
    source_->read(values_);
  }
  [[nodiscard]] std::optional<std::size_t> place(std::string_view name, std::size_t device = 0) const {
    const std::string id = devices().at(device).id;
    for (std::size_t i = 0; i < counters_.size(); ++i) {
      if (counters_[i].name == name && counters_[i].device == id) return i;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::int64_t value(std::string_view name, std::size_t device = 0) const {
    return values_.at(place(name, device).value());
  }
  [[nodiscard]] std::string problem(std::string_view name, std::size_t device = 0) const {
    return source_->problems()[place(name, device).value()];
  }
  [[nodiscard]] std::string unsupported(std::string_view name, std::size_t device = 0) const {
    const auto all = devices();
    for (const auto& [counter, why] : all.at(device).unsupported) {
      if (counter == name) return why;
    }
    return {};
  }
  [[nodiscard]] std::vector<MonitoredDevice> devices() const { return source_->devices(); }
  [[nodiscard]] std::size_t counter_count() const { return counters_.size(); }
  [[nodiscard]] std::string reason() const { return source_->unavailable_reason(); }

 private:
  std::unique_ptr<CounterSource> source_;
  std::vector<Counter> counters_;
  std::vector<std::int64_t> values_;
};

std::vector<std::string_view> throttle_names(std::int64_t bits) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < gpu_throttle_names.size(); ++i) {
    if ((bits >> i & 1) != 0) names.push_back(gpu_throttle_names[i]);
  }
  return names;
}

class GpuTest : public testing::Test {
 protected:
  EnvironmentVariable fake_{"FAKE_GPU", ""};
};

TEST_F(GpuTest, NvmlTellsEverythingOfEveryDevice) {
  fake_.set("devices=2");
  const Watched gpus("nvml");
  const auto devices = gpus.devices();
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].id, "GPU-00000000-fake");
  EXPECT_EQ(devices[1].id, "GPU-00000001-fake");
  EXPECT_EQ(devices[0].name, "NVIDIA Fake 100");
  EXPECT_EQ(devices[0].vendor, "NVIDIA");
  EXPECT_EQ(devices[0].driver, "550.54.14");
  EXPECT_EQ(devices[0].memory_total_bytes, 80 * 1024 * mebibyte);
  EXPECT_THAT(devices[0].unsupported, IsEmpty());
  EXPECT_EQ(gpus.value(gpu_utilization_counter, 0), 40);
  EXPECT_EQ(gpus.value(gpu_utilization_counter, 1), 60);
  EXPECT_EQ(gpus.value(gpu_memory_counter, 1), 1024 * mebibyte);
  EXPECT_EQ(gpus.value(gpu_power_counter), 250'000);
  EXPECT_EQ(gpus.value(gpu_clock_counter), 1410);
  EXPECT_EQ(gpus.value(gpu_memory_clock_counter), 1215);
  EXPECT_EQ(gpus.value(gpu_temperature_counter), 61);
  EXPECT_THAT(throttle_names(gpus.value(gpu_throttle_counter)), ElementsAre("power_limit", "thermal"));
}

TEST_F(GpuTest, NvmlEnergyIsInMicrojoules) {
  fake_.set("energy=123456789");
  EXPECT_EQ(Watched("nvml").value(gpu_energy_counter), 123'456'789'000);
}

TEST_F(GpuTest, ADeviceThatIsLostTakesNoOtherWithIt) {
  // The first reading finds out what there is; the second is of Watched.
  fake_.set("devices=2 lost.1=2");
  Watched gpus("nvml");
  EXPECT_EQ(gpus.value(gpu_power_counter, 1), 250'000);
  gpus.read();
  EXPECT_EQ(gpus.value(gpu_power_counter, 0), 250'000);
  EXPECT_EQ(gpus.value(gpu_power_counter, 1), not_read);
  EXPECT_EQ(gpus.value(gpu_energy_counter, 1), not_read);
  EXPECT_EQ(gpus.problem(gpu_power_counter, 1), "nvmlDeviceGetPowerUsage: GPU is lost (15)");
  EXPECT_EQ(gpus.problem(gpu_power_counter, 0), "");
  fake_.set("devices=2");
  gpus.read();
  EXPECT_EQ(gpus.value(gpu_power_counter, 1), 250'000) << "it may come back";
}

TEST_F(GpuTest, AnOldDriverHasWhatItHas) {
  const Watched gpus("nvml", "old_nvml");
  EXPECT_FALSE(gpus.place(gpu_energy_counter));
  EXPECT_EQ(gpus.unsupported(gpu_energy_counter), "the driver has no nvmlDeviceGetTotalEnergyConsumption");
  EXPECT_EQ(gpus.value(gpu_power_counter), 250'000);
}

TEST_F(GpuTest, WhatADeviceDoesNotSupportIsLeftOut) {
  fake_.set("fail.nvmlDeviceGetPowerUsage=3");
  const Watched gpus("nvml");
  EXPECT_FALSE(gpus.place(gpu_power_counter));
  EXPECT_EQ(gpus.unsupported(gpu_power_counter), "nvmlDeviceGetPowerUsage: Not Supported (3)");
}

/// Each call of a library that may fail, and the counters that are then missing.
struct Failing {
  const char* library;
  const char* function;
  std::vector<std::string_view> missing;
};
class GpuErrors : public GpuTest, public testing::WithParamInterface<Failing> {};

TEST_P(GpuErrors, OfOneCallCostWhatItTells) {
  fake_.set(std::string("fail.") + GetParam().function + "=999");
  Watched gpus(GetParam().library);
  gpus.read();  // what follows from two readings is there now
  EXPECT_GT(gpus.counter_count(), GetParam().missing.size());
  for (const std::string_view name :
       {gpu_utilization_counter, gpu_memory_counter, gpu_power_counter, gpu_energy_counter, gpu_clock_counter,
        gpu_memory_clock_counter, gpu_temperature_counter, gpu_throttle_counter}) {
    if (!gpus.place(name)) continue;
    const bool missing = std::ranges::find(GetParam().missing, name) != GetParam().missing.end();
    EXPECT_EQ(gpus.value(name) == not_read, missing) << name;
    if (missing) {
      EXPECT_THAT(gpus.problem(name), HasSubstr(GetParam().function));
    }
  }
  for (const std::string_view name : GetParam().missing) EXPECT_TRUE(gpus.place(name)) << name;
}

INSTANTIATE_TEST_SUITE_P(
    Calls, GpuErrors,
    testing::Values(
        Failing{"nvml", "nvmlDeviceGetUtilizationRates", {gpu_utilization_counter}},
        Failing{"nvml", "nvmlDeviceGetMemoryInfo", {gpu_memory_counter}},
        Failing{"nvml", "nvmlDeviceGetPowerUsage", {gpu_power_counter}},
        Failing{"nvml", "nvmlDeviceGetTotalEnergyConsumption", {gpu_energy_counter}},
        Failing{"nvml", "nvmlDeviceGetClockInfo", {gpu_clock_counter, gpu_memory_clock_counter}},
        Failing{"nvml", "nvmlDeviceGetTemperature", {gpu_temperature_counter}},
        Failing{"nvml", "nvmlDeviceGetCurrentClocksThrottleReasons", {gpu_throttle_counter}},
        Failing{"nvml", "nvmlDeviceGetUUID", {}}, Failing{"nvml", "nvmlDeviceGetName", {}},
        Failing{"nvml", "nvmlSystemGetDriverVersion", {}},
        Failing{"amd_smi", "amdsmi_get_gpu_activity", {gpu_utilization_counter}},
        Failing{"amd_smi", "amdsmi_get_gpu_memory_usage", {gpu_memory_counter}},
        Failing{"amd_smi", "amdsmi_get_energy_count", {gpu_energy_counter, gpu_power_counter}},
        Failing{"amd_smi", "amdsmi_get_clock_info", {gpu_clock_counter, gpu_memory_clock_counter}},
        Failing{"amd_smi", "amdsmi_get_temp_metric", {gpu_temperature_counter}},
        Failing{"amd_smi", "amdsmi_get_gpu_device_uuid", {}},
        Failing{"amd_smi", "amdsmi_get_gpu_asic_info", {}},
        Failing{"rocm_smi", "rsmi_dev_busy_percent_get", {gpu_utilization_counter}},
        Failing{"rocm_smi", "rsmi_dev_memory_usage_get", {gpu_memory_counter}},
        Failing{"rocm_smi", "rsmi_dev_power_ave_get", {gpu_power_counter}},
        Failing{"rocm_smi", "rsmi_dev_energy_count_get", {gpu_energy_counter}},
        Failing{"rocm_smi", "rsmi_dev_temp_metric_get", {gpu_temperature_counter}},
        Failing{"rocm_smi", "rsmi_dev_unique_id_get", {}},
        Failing{"level_zero", "zesEngineGetActivity", {gpu_utilization_counter}},
        Failing{"level_zero", "zesMemoryGetState", {gpu_memory_counter}},
        Failing{"level_zero", "zesPowerGetEnergyCounter", {gpu_energy_counter, gpu_power_counter}},
        Failing{"level_zero",
                "zesFrequencyGetState",
                {gpu_clock_counter, gpu_memory_clock_counter, gpu_throttle_counter}},
        Failing{"level_zero", "zesTemperatureGetState", {gpu_temperature_counter}},
        Failing{"level_zero", "zesDeviceGetProperties", {}}),
    [](const auto& test) { return std::string(test.param.function); });

/// Calls without which there are no devices.
class GpuOpening : public GpuTest, public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(GpuOpening, ThatFailsSaysWhy) {
  const auto& [library, function] = GetParam();
  fake_.set(std::string("fail.") + function + "=9");
  const Watched gpus(library);
  EXPECT_EQ(gpus.counter_count(), 0U);
  EXPECT_THAT(gpus.reason(), HasSubstr(function));
}

INSTANTIATE_TEST_SUITE_P(
    Calls, GpuOpening,
    testing::Values(std::pair("nvml", "nvmlInit_v2"), std::pair("nvml", "nvmlDeviceGetCount_v2"),
                    std::pair("nvml", "nvmlDeviceGetHandleByIndex_v2"), std::pair("amd_smi", "amdsmi_init"),
                    std::pair("amd_smi", "amdsmi_get_socket_handles"),
                    std::pair("amd_smi", "amdsmi_get_processor_handles"), std::pair("rocm_smi", "rsmi_init"),
                    std::pair("rocm_smi", "rsmi_num_monitor_devices"), std::pair("level_zero", "zesInit"),
                    std::pair("level_zero", "zesDriverGet")),
    [](const auto& test) { return std::string(test.param.second); });

TEST_F(GpuTest, ValuesAtTheLimitsAreTakenAndBeyondThemSayWhy) {
  fake_.set("utilization=100 power=1000000000 temperature=1000 memory=1125899906842624");
  Watched gpus("nvml");
  EXPECT_EQ(gpus.value(gpu_utilization_counter), 100);
  EXPECT_EQ(gpus.value(gpu_power_counter), 1'000'000'000);
  EXPECT_EQ(gpus.value(gpu_temperature_counter), 1000);
  EXPECT_EQ(gpus.value(gpu_memory_counter), std::int64_t{1} << 50U);
  fake_.set("utilization=0 power=0 temperature=0 memory=0 energy=0 throttle=0");
  gpus.read();
  EXPECT_EQ(gpus.value(gpu_utilization_counter), 0);
  EXPECT_EQ(gpus.value(gpu_power_counter), 0);
  EXPECT_EQ(gpus.value(gpu_throttle_counter), 0);
  fake_.set("utilization=101 power=4294967295 temperature=4294967295 memory=1.8e19 energy=1.8e19");
  gpus.read();
  for (const std::string_view name : {gpu_utilization_counter, gpu_power_counter, gpu_temperature_counter,
                                      gpu_memory_counter, gpu_energy_counter}) {
    EXPECT_EQ(gpus.value(name), not_read) << name;
    EXPECT_THAT(gpus.problem(name), HasSubstr("the driver says")) << name;
  }
}

TEST_F(GpuTest, AmdSmiTellsWhatItsVersionsAgreeOn) {
  fake_.set("devices=2");
  Watched gpus("amd_smi");
  ASSERT_EQ(gpus.devices().size(), 2U);
  EXPECT_EQ(gpus.devices()[1].id, "a4ff740f-0000-1000-80ea-000000000001");
  EXPECT_EQ(gpus.devices()[0].name, "AMD Fake 300");
  EXPECT_EQ(gpus.devices()[0].driver, "6.10.5");
  EXPECT_EQ(gpus.devices()[0].memory_total_bytes, 192 * 1024 * mebibyte);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  gpus.read();
  EXPECT_EQ(gpus.value(gpu_utilization_counter), 55);
  EXPECT_EQ(gpus.value(gpu_memory_counter), 3 * 1024 * mebibyte);
  EXPECT_NEAR(static_cast<double>(gpus.value(gpu_power_counter)), 300'000, 30'000);
  EXPECT_GT(gpus.value(gpu_energy_counter), 0);
  EXPECT_EQ(gpus.value(gpu_clock_counter), 2100);
  EXPECT_EQ(gpus.value(gpu_memory_clock_counter), 1300);
  EXPECT_EQ(gpus.value(gpu_temperature_counter), 48);
  EXPECT_THAT(gpus.unsupported(gpu_throttle_counter), Not(IsEmpty()));
}

TEST_F(GpuTest, AmdSmiTakesTheHotspotWhereThereIsNoEdge) {
  fake_.set("only_hotspot=1");
  const Watched gpus("amd_smi");
  EXPECT_EQ(gpus.value(gpu_temperature_counter), 57);
  EXPECT_EQ(gpus.problem(gpu_temperature_counter), "");
}

TEST_F(GpuTest, AmdSmiSaysWithTheLargestNumberThatItDoesNotKnow) {
  fake_.set("utilization=4294967295");
  EXPECT_THAT(Watched("amd_smi").unsupported(gpu_utilization_counter), HasSubstr("does not know"));
}

TEST_F(GpuTest, RocmSmiStandsInForAmdSmi) {
  const Watched gpus("rocm_smi");
  EXPECT_EQ(gpus.devices().at(0).id, "GPU-000000000000abc0");
  EXPECT_EQ(gpus.devices().at(0).name, "AMD Fake 200");
  EXPECT_EQ(gpus.value(gpu_utilization_counter), 33);
  EXPECT_EQ(gpus.value(gpu_power_counter), 180'000);
  EXPECT_EQ(gpus.value(gpu_energy_counter), 15'300'000);
  EXPECT_EQ(gpus.value(gpu_temperature_counter), 46) << "45.5, rounded";
  EXPECT_FALSE(gpus.place(gpu_clock_counter));

  MonitoredSystem both;
  both.device_libraries.emplace();
  (*both.device_libraries)["amd_smi"] = device_library("amd_smi").string();
  (*both.device_libraries)["rocm_smi"] = device_library("rocm_smi").string();
  const auto devices = gpu_source(both)->devices();
  ASSERT_EQ(devices.size(), 1U) << "the same devices by another way";
  EXPECT_EQ(devices[0].name, "AMD Fake 300");
}

TEST_F(GpuTest, LevelZeroTellsEverything) {
  fake_.set("devices=2");
  Watched gpus("level_zero");
  ASSERT_EQ(gpus.devices().size(), 2U);
  EXPECT_EQ(gpus.devices()[1].id, "00010203-0405-0607-0809-0a0b0c0d0e01");
  EXPECT_EQ(gpus.devices()[0].name, "Intel Fake Max");
  EXPECT_EQ(gpus.devices()[0].driver, "1.3.29735");
  EXPECT_EQ(gpus.devices()[0].memory_total_bytes, 32 * 1024 * mebibyte);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  gpus.read();
  EXPECT_NEAR(static_cast<double>(gpus.value(gpu_utilization_counter)), 75, 5);
  EXPECT_EQ(gpus.value(gpu_memory_counter), 2 * 1024 * mebibyte);
  EXPECT_NEAR(static_cast<double>(gpus.value(gpu_power_counter)), 400'000, 40'000);
  EXPECT_EQ(gpus.value(gpu_clock_counter), 1550);
  EXPECT_EQ(gpus.value(gpu_memory_clock_counter), 3200);
  EXPECT_EQ(gpus.value(gpu_temperature_counter), 53) << "52.5, rounded";
  EXPECT_THAT(throttle_names(gpus.value(gpu_throttle_counter)), ElementsAre("current_limit", "thermal"));
}

TEST_F(GpuTest, DevicesOfSeveralVendorsAreWatchedTogether) {
  MonitoredSystem all;
  all.device_libraries.emplace();
  for (const char* library : {"nvml", "amd_smi", "level_zero"}) {
    (*all.device_libraries)[library] = device_library(library).string();
  }
  const auto devices = gpu_source(all)->devices();
  ASSERT_EQ(devices.size(), 3U);
  EXPECT_EQ(devices[0].vendor, "NVIDIA");
  EXPECT_EQ(devices[1].vendor, "AMD");
  EXPECT_EQ(devices[2].vendor, "Intel");
}

TEST_F(GpuTest, WithoutLibrariesOrDevicesThereIsAReason) {
  MonitoredSystem none;
  none.device_libraries.emplace();
  EXPECT_THAT(gpu_source(none)->unavailable_reason(), HasSubstr("no library"));
  (*none.device_libraries)["nvml"] = "/no/such/libnvidia-ml.so.1";
  EXPECT_THAT(gpu_source(none)->unavailable_reason(), HasSubstr("NVIDIA (nvml): cannot load '/no/such/"));
  (*none.device_libraries)["nvml"] = device_library("rocm_smi").string();
  EXPECT_THAT(gpu_source(none)->unavailable_reason(), HasSubstr("it has no nvmlInit_v2"));
  fake_.set("devices=0");
  EXPECT_THAT(Watched("nvml").reason(), HasSubstr("it has no devices"));
  EXPECT_THAT(Watched("level_zero").reason(), HasSubstr("it has no devices"));
}

}  // namespace
}  // namespace bv2::test
