// A fake of AMD SMI, with the signatures of its documentation: a socket a device.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "control.h"

namespace {

struct Device {
  std::uint32_t number;
};
Device devices[16];

int answer(const Device* device, const char* function, bool begins = false) {
  const int result = fake::result_of(function);
  return fake::lost(device->number, begins) ? 40 : result;  // AMDSMI_STATUS_NO_DATA
}

}  // namespace

extern "C" {

int amdsmi_init(std::uint64_t flags) { return flags == 2 ? fake::result_of("amdsmi_init") : 1; }
int amdsmi_shut_down() { return 0; }
int amdsmi_get_socket_handles(std::uint32_t* count, void** sockets) {
  const auto all = static_cast<std::uint32_t>(fake::whole("devices", 1));
  if (sockets != nullptr) {
    for (std::uint32_t i = 0; i < all && i < *count; ++i) {
      devices[i].number = i;
      sockets[i] = &devices[i];
    }
  }
  *count = all;
  return fake::result_of("amdsmi_get_socket_handles");
}
int amdsmi_get_processor_handles(void* socket, std::uint32_t* count, void** handles) {
  if (handles != nullptr) handles[0] = socket;
  *count = 1;
  return fake::result_of("amdsmi_get_processor_handles");
}
int amdsmi_get_gpu_device_uuid(Device* device, unsigned* length, char* text) {
  *length = static_cast<unsigned>(
      std::snprintf(text, *length, "a4ff740f-0000-1000-80ea-00000000000%u", device->number));
  return fake::result_of("amdsmi_get_gpu_device_uuid");
}
int amdsmi_get_gpu_asic_info(Device*, char* info) {
  std::strcpy(info, "AMD Fake 300");
  return fake::result_of("amdsmi_get_gpu_asic_info");
}
int amdsmi_get_gpu_driver_info(Device*, char* info) {
  std::strcpy(info, "6.10.5");
  return fake::result_of("amdsmi_get_gpu_driver_info");
}
int amdsmi_get_gpu_activity(Device* device, std::uint32_t* usage) {
  const int result = answer(device, "amdsmi_get_gpu_activity", true);
  usage[0] = static_cast<std::uint32_t>(fake::whole("utilization", 55));
  return result;
}
int amdsmi_get_gpu_memory_usage(Device* device, int type, std::uint64_t* bytes) {
  *bytes = type == 0 ? 3ULL << 30U : 0;
  return answer(device, "amdsmi_get_gpu_memory_usage");
}
int amdsmi_get_gpu_memory_total(Device* device, int type, std::uint64_t* bytes) {
  *bytes = type == 0 ? 192ULL << 30U : 0;
  return answer(device, "amdsmi_get_gpu_memory_total");
}
int amdsmi_get_energy_count(Device* device, std::uint64_t* count, float* resolution_uj, std::uint64_t* time) {
  *resolution_uj = 15.259F;
  *count = static_cast<std::uint64_t>(fake::seconds() * 300e6 / 15.259);  // 300 W
  *time = 0;
  return answer(device, "amdsmi_get_energy_count");
}
int amdsmi_get_clock_info(Device* device, int type, std::uint32_t* info) {
  info[0] = type == 0 ? 2100 : type == 4 ? 1300 : 0;
  return answer(device, "amdsmi_get_clock_info");
}
int amdsmi_get_temp_metric(Device* device, int sensor, int metric, std::int64_t* celsius) {
  const bool only_hotspot = fake::whole("only_hotspot", 0) != 0;
  if (metric != 0 || (only_hotspot && sensor == 0)) return 2;
  *celsius = sensor == 0 ? 48 : 57;
  return answer(device, "amdsmi_get_temp_metric");
}
}
