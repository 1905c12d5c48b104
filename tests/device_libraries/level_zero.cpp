// A fake of Level Zero Sysman, with the structures of its specification (1.9).
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "control.h"

namespace {

constexpr int lost_result = 0x70000001;  // ZE_RESULT_ERROR_DEVICE_LOST

struct Device {
  std::uint32_t number;
};
Device devices[16];
/// A part of a device: its kind, as its properties tell it.
struct Part {
  Device* device;
  std::uint32_t kind;
};
Part engines[16][2];
Part frequencies[16][2];
Part sensors[16][2];
Part memories[16][2];
Part powers[16];

int answer(const Part* part, const char* function, bool begins = false) {
  const int result = fake::result_of(function);
  return fake::lost(part->device->number, begins) ? lost_result : result;
}

int enumerate(Part (&all)[16][2], Device* device, std::uint32_t* count, Part** parts, const char* function) {
  if (parts != nullptr) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      all[device->number][i] = {device, i};
      parts[i] = &all[device->number][i];
    }
  }
  *count = 2;
  return fake::result_of(function);
}

struct Properties {
  std::uint32_t type;
  void* next;
  std::uint32_t kind;
};

}  // namespace

extern "C" {

int zesInit(std::uint32_t) { return fake::result_of("zesInit"); }
int zesDriverGet(std::uint32_t* count, void** drivers) {
  static int driver = 0;
  if (drivers != nullptr) drivers[0] = &driver;
  *count = 1;
  return fake::result_of("zesDriverGet");
}
int zesDeviceGet(void*, std::uint32_t* count, Device** found) {
  const auto all = static_cast<std::uint32_t>(fake::whole("devices", 1));
  if (found != nullptr) {
    for (std::uint32_t i = 0; i < all; ++i) {
      devices[i].number = i;
      found[i] = &devices[i];
    }
  }
  *count = all;
  return fake::result_of("zesDeviceGet");
}
struct DeviceProperties {
  std::uint32_t type;
  void* next;
  struct {
    std::uint32_t type;
    void* next;
    std::uint32_t kind, vendor, device, flags, subdevice, core_clock_rate;
    std::uint64_t max_mem_alloc_size;
    std::uint32_t max_hardware_contexts, max_command_queue_priority, num_threads_per_eu,
        physical_eu_simd_width, num_eus_per_subslice, num_subslices_per_slice, num_slices;
    std::uint64_t timer_resolution;
    std::uint32_t timestamp_valid_bits, kernel_timestamp_valid_bits;
    std::uint8_t uuid[16];
    char name[256];
  } core;
  std::uint32_t num_subdevices;
  char serial[64], board[64], brand[64], model[64], vendor[64], driver[64];
};
int zesDeviceGetProperties(Device* device, DeviceProperties* properties) {
  if (properties->type != 1 || properties->core.type != 3) return 0x78000004;
  for (std::uint8_t i = 0; i < 16; ++i) properties->core.uuid[i] = i;
  properties->core.uuid[15] = static_cast<std::uint8_t>(device->number);
  std::strcpy(properties->model, "Intel Fake Max");
  std::strcpy(properties->driver, "1.3.29735");
  return fake::result_of("zesDeviceGetProperties");
}
int zesDeviceEnumEngineGroups(Device* device, std::uint32_t* count, Part** parts) {
  return enumerate(engines, device, count, parts, "zesDeviceEnumEngineGroups");
}
int zesEngineGetProperties(Part* part, Properties* properties) {
  if (properties->type != 0x5) return 0x78000004;
  properties->kind = part->kind;
  return fake::result_of("zesEngineGetProperties");
}
struct Counter {
  std::uint64_t value, timestamp_us;
};
int zesEngineGetActivity(Part* part, Counter* counter) {
  const int result = answer(part, "zesEngineGetActivity", true);
  const auto now_us = static_cast<std::uint64_t>(fake::seconds() * 1e6);
  *counter = {static_cast<std::uint64_t>(fake::seconds() * 1e6 * fake::number("activity", 0.75)), now_us};
  return result;
}
int zesDeviceEnumMemoryModules(Device* device, std::uint32_t* count, Part** parts) {
  return enumerate(memories, device, count, parts, "zesDeviceEnumMemoryModules");
}
struct MemoryState {
  std::uint32_t type;
  const void* next;
  std::uint32_t health;
  std::uint64_t free, size;
};
int zesMemoryGetState(Part* part, MemoryState* state) {
  if (state->type != 0x1e) return 0x78000004;
  state->size = 16ULL << 30U;
  state->free = 15ULL << 30U;
  return answer(part, "zesMemoryGetState");
}
int zesDeviceGetCardPowerDomain(Device* device, Part** part) {
  powers[device->number] = {device, 0};
  *part = &powers[device->number];
  return fake::result_of("zesDeviceGetCardPowerDomain");
}
int zesPowerGetEnergyCounter(Part* part, Counter* counter) {
  *counter = {static_cast<std::uint64_t>(fake::seconds() * 400e6),  // 400 W
              static_cast<std::uint64_t>(fake::seconds() * 1e6)};
  return answer(part, "zesPowerGetEnergyCounter");
}
int zesDeviceEnumFrequencyDomains(Device* device, std::uint32_t* count, Part** parts) {
  return enumerate(frequencies, device, count, parts, "zesDeviceEnumFrequencyDomains");
}
int zesFrequencyGetProperties(Part* part, Properties* properties) {
  if (properties->type != 0x9) return 0x78000004;
  properties->kind = part->kind;
  return fake::result_of("zesFrequencyGetProperties");
}
struct FrequencyState {
  std::uint32_t type;
  const void* next;
  double voltage, request, tdp, efficient, actual;
  std::uint32_t throttle;
};
int zesFrequencyGetState(Part* part, FrequencyState* state) {
  if (state->type != 0x1b) return 0x78000004;
  state->actual = part->kind == 0 ? 1550 : 3200;
  state->throttle = static_cast<std::uint32_t>(fake::whole("throttle", 0x0c));
  return answer(part, "zesFrequencyGetState");
}
int zesDeviceEnumTemperatureSensors(Device* device, std::uint32_t* count, Part** parts) {
  return enumerate(sensors, device, count, parts, "zesDeviceEnumTemperatureSensors");
}
int zesTemperatureGetProperties(Part* part, Properties* properties) {
  if (properties->type != 0x14) return 0x78000004;
  properties->kind = part->kind;
  return fake::result_of("zesTemperatureGetProperties");
}
int zesTemperatureGetState(Part* part, double* celsius) {
  *celsius = part->kind == 1 ? 52.5 : 40;
  return answer(part, "zesTemperatureGetState");
}
}
