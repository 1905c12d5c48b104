// What machine this is.
#include "framework/hardware_info.h"

#include <array>
#include <fstream>
#include <set>
#include <sstream>

#include "base/cpu_topology.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

/// The features that numerical kernels care for, the widest last, as /proc/cpuinfo names them on x86 and Arm.
constexpr std::array<std::string_view, 15> known_features{
    "sse2",    "sse4_2",   "asimd",       "avx",         "f16c",        "fma",      "avx2",    "sve",
    "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16"};

std::optional<std::string> first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

std::optional<std::int64_t> as_integer(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  try {
    return std::stoll(*text);
  } catch (const std::logic_error&) {
    return std::nullopt;
  }
}

/// "4 KiB" forms of sysfs: 32K, 1M.
std::optional<std::int64_t> as_bytes(const std::optional<std::string>& text) {
  const std::optional<std::int64_t> number = as_integer(text);
  if (!number) return std::nullopt;
  if (text->ends_with('K')) return *number << 10;
  if (text->ends_with('M')) return *number << 20;
  return number;
}

/// The value of the first line "KEY<blanks>: VALUE" of a file such as /proc/cpuinfo.
std::optional<std::string> value_of(const fs::path& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(key)) continue;
    if (line.find_first_not_of(" \t", key.size()) != colon) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return std::nullopt;
}

std::vector<fs::path> numbered(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const bool is_number = name.size() > prefix.size() &&
                           name.find_first_not_of("0123456789", prefix.size()) == std::string::npos;
    if (name.starts_with(prefix) && is_number) found.push_back(entry.path());
  }
  return found;
}

std::int64_t processors_in(const fs::path& cpuinfo) {
  std::ifstream file(cpuinfo);
  std::int64_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("processor")) ++count;
  }
  return count;
}

std::map<std::string, CacheInfo> read_caches(const fs::path& sys) {
  std::map<std::string, CacheInfo> caches;
  std::set<std::string> seen;  // one cache stands below each processor that shares it
  for (const fs::path& cpu : numbered(sys / "devices/system/cpu", "cpu")) {
    for (const fs::path& index : numbered(cpu / "cache", "index")) {
      const auto level = first_line(index / "level");
      const auto type = first_line(index / "type");
      const auto size_bytes = as_bytes(first_line(index / "size"));
      if (!level || !type || !size_bytes) continue;
      const std::string suffix = *type == "Data" ? "d" : *type == "Instruction" ? "i" : "";
      const std::string name = "L" + *level + suffix;
      const std::string sharers = first_line(index / "shared_cpu_list").value_or(cpu.filename().string());
      if (!seen.insert(name + " " + sharers).second) continue;
      CacheInfo& cache = caches[name];
      cache.size_bytes = *size_bytes;
      ++cache.count;
    }
  }
  return caches;
}

void read_features(const fs::path& cpuinfo, HardwareInfo& info) {
  std::optional<std::string> flags = value_of(cpuinfo, "flags");
  if (!flags) flags = value_of(cpuinfo, "Features");  // Arm
  if (!flags) return;
  std::istringstream words(*flags);
  const std::set<std::string, std::less<>> present{std::istream_iterator<std::string>(words), {}};
  for (const std::string_view feature : known_features) {
    if (present.contains(feature)) info.isa_features.emplace_back(feature);
  }
  if (!info.isa_features.empty()) info.isa = info.isa_features.back();
  info.virtualised = present.contains("hypervisor");
}

/// The word in brackets of "always [madvise] never".
std::optional<std::string> chosen(const std::optional<std::string>& line) {
  if (!line) return std::nullopt;
  const std::size_t open = line->find('[');
  const std::size_t close = line->find(']');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  return line->substr(open + 1, close - open - 1);
}

/// "max 100000" or "150000 100000": quota and period in microseconds.
std::optional<double> read_cpu_quota(const fs::path& sys) {
  std::ifstream file(sys / "fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<std::vector<double>> read_load(const fs::path& proc) {
  std::ifstream file(proc / "loadavg");
  std::vector<double> load(3);
  if (!(file >> load[0] >> load[1] >> load[2])) return std::nullopt;
  return load;
}

std::optional<std::string> read_os_name(const fs::path& etc) {
  std::ifstream file(etc / "os-release");
  constexpr std::string_view key = "PRETTY_NAME=";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    std::string name = line.substr(key.size());
    std::erase(name, '"');
    return name;
  }
  return std::nullopt;
}

std::optional<std::int64_t> positive(std::int64_t value) {
  return value > 0 ? std::optional(value) : std::nullopt;
}

std::string compiler_name() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace

HardwareInfo read_hardware_info(std::map<std::string, std::string> libraries, const fs::path& root) {
  const fs::path proc = root / "proc";
  const fs::path sys = root / "sys";
  HardwareInfo info;
  info.cpu_name = value_of(proc / "cpuinfo", "model name");
  info.cpu_count = positive(processors_in(proc / "cpuinfo"));
  info.physical_core_count = physical_core_count(sys);
  info.allowed_cpu_count = positive(static_cast<std::int64_t>(allowed_cpus().size()));
  info.cpu_quota = read_cpu_quota(sys);
  if (const auto kib = as_integer(value_of(proc / "meminfo", "MemTotal"))) info.memory_total = *kib / 1024;
  info.caches = read_caches(sys);
  read_features(proc / "cpuinfo", info);
  info.os = read_os_name(root / "etc");
  info.kernel = first_line(proc / "sys/kernel/osrelease");
  info.compiler = compiler_name();
  info.libraries = std::move(libraries);
  info.governor = first_line(sys / "devices/system/cpu/cpu0/cpufreq/scaling_governor");
  info.transparent_huge_pages = chosen(first_line(sys / "kernel/mm/transparent_hugepage/enabled"));
  info.numa_nodes = positive(static_cast<std::int64_t>(numbered(sys / "devices/system/node", "node").size()));
  info.load_average = read_load(proc);
  return info;
}

}  // namespace bv2
