// A fake of NVIDIA's management library, with the signatures of its documentation. OLD_DRIVER leaves out what
// drivers before 2018 do not have.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "control.h"

namespace {

constexpr int lost_result = 15;  // NVML_ERROR_GPU_IS_LOST

struct Device {
  unsigned number;
};
Device devices[16];

/// Of a call about a device.
int answer(const Device* device, const char* function, bool begins = false) {
  const int result = fake::result_of(function);
  if (fake::lost(device->number, begins)) return lost_result;
  return result;
}

}  // namespace

extern "C" {

int nvmlInit_v2() { return fake::result_of("nvmlInit_v2"); }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int result) {
  return result == lost_result ? "GPU is lost" : result == 3 ? "Not Supported" : "Unknown Error";
}
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  std::snprintf(text, length, "550.54.14");
  return fake::result_of("nvmlSystemGetDriverVersion");
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(fake::whole("devices", 1));
  return fake::result_of("nvmlDeviceGetCount_v2");
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device** device) {
  devices[index].number = index;
  *device = &devices[index];
  return fake::result_of("nvmlDeviceGetHandleByIndex_v2");
}
int nvmlDeviceGetUUID(Device* device, char* text, unsigned length) {
  std::snprintf(text, length, "GPU-0000000%u-fake", device->number);
  return fake::result_of("nvmlDeviceGetUUID");
}
int nvmlDeviceGetName(Device*, char* text, unsigned length) {
  std::snprintf(text, length, "NVIDIA Fake 100");
  return fake::result_of("nvmlDeviceGetName");
}
struct Utilization {
  unsigned gpu, memory;
};
int nvmlDeviceGetUtilizationRates(Device* device, Utilization* rates) {
  const int result = answer(device, "nvmlDeviceGetUtilizationRates", true);
  *rates = {static_cast<unsigned>(fake::whole("utilization", 40 + 20 * device->number)), 7};
  return result;
}
struct Memory {
  unsigned long long total, free, used;
};
int nvmlDeviceGetMemoryInfo(Device* device, Memory* memory) {
  const auto used = static_cast<unsigned long long>(fake::number("memory", 1024.0 * 1048576));
  *memory = {80ULL << 30U, (80ULL << 30U) - used, used};
  return answer(device, "nvmlDeviceGetMemoryInfo");
}
int nvmlDeviceGetPowerUsage(Device* device, unsigned* milliwatts) {
  *milliwatts = static_cast<unsigned>(fake::whole("power", 250'000));
  return answer(device, "nvmlDeviceGetPowerUsage");
}
#ifndef OLD_DRIVER
int nvmlDeviceGetTotalEnergyConsumption(Device* device, unsigned long long* millijoules) {
  *millijoules = static_cast<unsigned long long>(fake::number("energy", fake::seconds() * 250'000));
  return answer(device, "nvmlDeviceGetTotalEnergyConsumption");
}
#endif
int nvmlDeviceGetClockInfo(Device* device, unsigned type, unsigned* mhz) {
  *mhz = type == 1 ? 1410 : type == 2 ? 1215 : 0;
  return answer(device, "nvmlDeviceGetClockInfo");
}
int nvmlDeviceGetTemperature(Device* device, unsigned sensor, unsigned* celsius) {
  *celsius = sensor == 0 ? static_cast<unsigned>(fake::whole("temperature", 61)) : 0;
  return answer(device, "nvmlDeviceGetTemperature");
}
int nvmlDeviceGetCurrentClocksThrottleReasons(Device* device, unsigned long long* bits) {
  *bits = static_cast<unsigned long long>(fake::whole("throttle", 0x44));
  return answer(device, "nvmlDeviceGetCurrentClocksThrottleReasons");
}
}
