// The processors that this process may use.
#include "base/cpu_topology.h"

#include <fmt/format.h>
#include <sched.h>

#include <fstream>
#include <set>
#include <string>

namespace bv2 {

std::vector<int> allowed_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::vector<int> cpus;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(static_cast<int>(cpu));
  }
  return cpus;
}

std::int64_t physical_core_count(const std::filesystem::path& sys) {
  std::set<std::string> cores;
  for (const int cpu : allowed_cpus()) {
    std::string siblings;
    std::ifstream file(sys / fmt::format("devices/system/cpu/cpu{}/topology/thread_siblings_list", cpu));
    // Where the kernel does not say, each processor is taken for a core.
    if (!std::getline(file, siblings)) siblings = fmt::format("{}", cpu);
    cores.insert(siblings);
  }
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(cores.size()));
}

}  // namespace bv2
