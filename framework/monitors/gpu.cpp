// GPUs of all vendors, by the libraries that their drivers bring.
#include <algorithm>
#include <filesystem>

#include "framework/monitors/gpu_library.h"

namespace bv2 {
namespace {

struct LibraryRow {
  std::string_view key;     // in MonitoredSystem::device_libraries
  std::string_view vendor;  // a second library of a vendor is looked for where the first gives no device
  std::vector<std::string> files;
  std::unique_ptr<GpuLibrary> (*open)(SharedLibrary library);
};

std::vector<LibraryRow> library_table() {
  return {
      {"nvml", "NVIDIA", {"libnvidia-ml.so.1"}, open_nvml},
      {"amd_smi",
       "AMD",
       {"libamd_smi.so.26", "libamd_smi.so.25", "libamd_smi.so.24", "/opt/rocm/lib/libamd_smi.so"},
       open_amd_smi},
      {"rocm_smi",
       "AMD",
       {"librocm_smi64.so.7", "librocm_smi64.so.6", "librocm_smi64.so.5", "/opt/rocm/lib/librocm_smi64.so"},
       open_rocm_smi},
      {"level_zero", "Intel", {"libze_loader.so.1"}, open_level_zero},
  };
}

/// The first of the files that can be loaded. Throws the Error of the last.
SharedLibrary load_any(const std::vector<std::string>& files) {
  for (std::size_t i = 1; i < files.size(); ++i) {
    try {
      return SharedLibrary::searched(files[i - 1]);
    } catch (const Error&) {
      continue;
    }
  }
  return SharedLibrary::searched(files.back());
}

class Gpus final : public CounterSource {
 public:
  explicit Gpus(const MonitoredSystem& system) {
    std::vector<std::string_view> found_vendors;
    for (LibraryRow& row : library_table()) {
      if (std::ranges::find(found_vendors, row.vendor) != found_vendors.end()) continue;
      if (system.device_libraries) {
        const auto given = system.device_libraries->find(std::string(row.key));
        if (given == system.device_libraries->end()) continue;
        row.files = {given->second};
      }
      try {
        add(row.open(load_any(row.files)));
        found_vendors.push_back(row.vendor);
      } catch (const Error& error) {
        reason_ +=
            fmt::format("{}{} ({}): {}", reason_.empty() ? "" : "; ", row.vendor, row.key, error.what());
      }
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    std::vector<Counter> counters;
    for (const Place& place : places_) {
      const GpuCounterRow& row = gpu_counters[static_cast<std::size_t>(place.counter)];
      counters.push_back({row.name, row.kind, devices_[place.device].id});
    }
    return counters;
  }
  [[nodiscard]] std::string unavailable_reason() const override {
    return reason_.empty() ? "no library of a GPU was looked for" : reason_;
  }
  [[nodiscard]] std::vector<MonitoredDevice> devices() const override { return devices_; }
  [[nodiscard]] std::span<const std::string> problems() const override { return problems_; }

  void read(std::span<std::int64_t> values) override {
    std::size_t next = 0;
    for (std::size_t device = 0; device < readings_.size(); ++device) {
      GpuReading& reading = readings_[device];
      reading.clear();
      const auto& [library, its_number] = owners_[device];
      library->read(its_number, reading);
      for (; next < places_.size() && places_[next].device == device; ++next) {
        values[next] = reading.value(places_[next].counter);
        problems_[next] = reading.problem(places_[next].counter);
      }
    }
  }

 private:
  struct Place {
    std::size_t device;
    GpuCounter counter;
  };
  struct Owner {
    GpuLibrary* library;
    std::size_t its_number;
  };

  /// One reading shows which counters a device has.
  void add(std::unique_ptr<GpuLibrary> library) {
    for (std::size_t i = 0; i < library->devices().size(); ++i) {
      MonitoredDevice device = library->devices()[i];
      GpuReading& reading = readings_.emplace_back();
      library->read(i, reading);
      for (std::size_t c = 0; c < gpu_counters.size(); ++c) {
        const auto counter = static_cast<GpuCounter>(c);
        if (reading.for_good(counter)) {
          device.unsupported.emplace_back(gpu_counters[c].name, reading.problem(counter));
        } else {
          places_.push_back({devices_.size(), counter});
        }
      }
      devices_.push_back(std::move(device));
      owners_.push_back({library.get(), i});
    }
    problems_.resize(places_.size());
    libraries_.push_back(std::move(library));
  }

  std::vector<std::unique_ptr<GpuLibrary>> libraries_;
  std::vector<MonitoredDevice> devices_;
  std::vector<Owner> owners_;  // of each device
  std::vector<GpuReading> readings_;
  std::vector<Place> places_;  // of each counter, device by device
  std::vector<std::string> problems_;
  std::string reason_;
};

}  // namespace

std::unique_ptr<CounterSource> gpu_source(const MonitoredSystem& system) {
  return std::make_unique<Gpus>(system);
}

}  // namespace bv2
