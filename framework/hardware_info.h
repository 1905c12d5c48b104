// What machine this is: everything that explains a number and that the system tells.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "framework/monitors/counter_source.h"

namespace bv2 {

/// One kind of cache.
struct CacheInfo {
  std::int64_t size_bytes = 0;  ///< of one
  std::int64_t count = 0;       ///< how many of them the machine has
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("size_bytes", self.size_bytes);
    visit("count", self.count);
  }
};

/// As metadata.hardware_info carries it. What the system does not tell is missing.
struct HardwareInfo {
  std::optional<std::string> gpu_name;
  std::optional<std::int64_t> gpu_memory_total;  ///< MiB; these two: of the first
  std::vector<MonitoredDevice> gpus;
  std::optional<std::string> cpu_name;
  std::optional<std::int64_t> cpu_count;            ///< logical processors
  std::optional<std::int64_t> physical_core_count;  ///< distinct cores
  std::optional<std::int64_t> allowed_cpu_count;    ///< logical processors that this process may use
  std::optional<double> cpu_quota;           ///< processors' worth of time that the control group allows
  std::optional<std::int64_t> memory_total;  ///< MiB
  std::map<std::string, CacheInfo> caches;   ///< "L1d", "L1i", "L2", "L3"
  std::optional<std::string> isa;            ///< the widest of isa_features
  std::vector<std::string> isa_features;     ///< those that numerical kernels care for, widest last
  std::optional<std::string> os;
  std::optional<std::string> kernel;
  std::string compiler;                          ///< of this program
  std::map<std::string, std::string> libraries;  ///< name -> version; what the caller knows
  std::optional<std::string> governor;           ///< of the first processor
  std::optional<std::string> transparent_huge_pages;
  std::optional<std::int64_t> numa_nodes;
  std::optional<bool> virtualised;
  std::optional<std::vector<double>> load_average;  ///< over 1, 5 and 15 minutes, when it was read
  Json measured_peaks;                              ///< null until they are measured

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("gpu_name", self.gpu_name);
    visit("gpu_memory_total", self.gpu_memory_total);
    visit("gpus", self.gpus);
    visit("cpu_name", self.cpu_name);
    visit("cpu_count", self.cpu_count);
    visit("physical_core_count", self.physical_core_count);
    visit("allowed_cpu_count", self.allowed_cpu_count);
    visit("cpu_quota", self.cpu_quota);
    visit("memory_total", self.memory_total);
    visit("caches", self.caches);
    visit("isa", self.isa);
    visit("isa_features", self.isa_features);
    visit("os", self.os);
    visit("kernel", self.kernel);
    visit("compiler", self.compiler);
    visit("libraries", self.libraries);
    visit("governor", self.governor);
    visit("transparent_huge_pages", self.transparent_huge_pages);
    visit("numa_nodes", self.numa_nodes);
    visit("virtualised", self.virtualised);
    visit("load_average", self.load_average);
    visit("measured_peaks", self.measured_peaks);
  }
};

/// Reads /proc, /sys and /etc below `root`. Never fails: what cannot be read is missing.
HardwareInfo read_hardware_info(std::map<std::string, std::string> libraries = {},
                                const std::filesystem::path& root = "/");

}  // namespace bv2
