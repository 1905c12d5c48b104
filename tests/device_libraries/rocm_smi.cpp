// A fake of ROCm SMI, with the signatures of its documentation.
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "control.h"

namespace {

int answer(std::uint32_t device, const char* function, bool begins = false) {
  const int result = fake::result_of(function);
  return fake::lost(device, begins) ? 6 : result;  // RSMI_STATUS_NOT_FOUND or the like
}

}  // namespace

extern "C" {

int rsmi_init(std::uint64_t) { return fake::result_of("rsmi_init"); }
int rsmi_shut_down() { return 0; }
int rsmi_num_monitor_devices(std::uint32_t* count) {
  *count = static_cast<std::uint32_t>(fake::whole("devices", 1));
  return fake::result_of("rsmi_num_monitor_devices");
}
int rsmi_dev_unique_id_get(std::uint32_t device, std::uint64_t* id) {
  *id = 0xabc0 + device;
  return fake::result_of("rsmi_dev_unique_id_get");
}
int rsmi_dev_name_get(std::uint32_t, char* text, std::size_t length) {
  std::snprintf(text, length, "AMD Fake 200");
  return fake::result_of("rsmi_dev_name_get");
}
int rsmi_dev_busy_percent_get(std::uint32_t device, std::uint32_t* percent) {
  const int result = answer(device, "rsmi_dev_busy_percent_get", true);
  *percent = 33;
  return result;
}
int rsmi_dev_memory_usage_get(std::uint32_t device, int type, std::uint64_t* bytes) {
  *bytes = type == 0 ? 2ULL << 30U : 0;
  return answer(device, "rsmi_dev_memory_usage_get");
}
int rsmi_dev_memory_total_get(std::uint32_t device, int type, std::uint64_t* bytes) {
  *bytes = type == 0 ? 64ULL << 30U : 0;
  return answer(device, "rsmi_dev_memory_total_get");
}
int rsmi_dev_power_ave_get(std::uint32_t device, std::uint32_t sensor, std::uint64_t* microwatts) {
  *microwatts = sensor == 0 ? 180'000'000 : 0;
  return answer(device, "rsmi_dev_power_ave_get");
}
int rsmi_dev_energy_count_get(std::uint32_t device, std::uint64_t* count, float* resolution_uj,
                              std::uint64_t* time) {
  *resolution_uj = 15.3F;
  *count = 1'000'000;
  *time = 0;
  return answer(device, "rsmi_dev_energy_count_get");
}
int rsmi_dev_temp_metric_get(std::uint32_t device, std::uint32_t sensor, int metric, std::int64_t* value) {
  *value = sensor == 0 && metric == 0 ? 45'500 : 0;
  return answer(device, "rsmi_dev_temp_metric_get");
}
}
