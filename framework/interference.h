// The rule by which an iteration is tainted: something outside of it may have moved its latency.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/monitors/iteration_monitor.h"

namespace bv2 {

/// What the rule has to know of the machine.
struct InterferenceScale {
  std::int64_t cpus = 1;                       ///< those whose time is counted
  std::int64_t tick_ns = 10'000'000;           ///< resolution of /proc/stat
  std::int64_t private_cache_bytes = 1 << 20;  ///< what a thread has to read again on another processor
};

/// Of the machine that the program runs on.
InterferenceScale interference_scale(const std::filesystem::path& system_root = "/");

/// The part of an iteration's time that may be lost before it is tainted: 1%, half of what `compare` calls
/// equivalent, so that two runs whose iterations just pass cannot be told apart by interference alone.
constexpr double tolerated_share = 0.01;

/// Causes as flags ("tainted_steal", ...), none for a clean iteration. Lost time is taken at its upper bound:
///   tainted_steal            the hypervisor kept processors: steal_ns > 1% of the wall time
///   tainted_cpu_contention   threads could run and had to wait for a processor: run_delay_ns > 1%; where the
///                            kernel does not count that, a time slice (3 ms) for each involuntary switch
///   tainted_throttled        a control group's quota was used up: throttled_ns > 1%
///   tainted_thermal          a processor slowed itself down because of heat, at all
///   tainted_memory_pressure  tasks of the system waited for memory: memory_pressure_ns > 1%
///   tainted_major_faults     memory had to be read from a disk, at all: nothing that is resident needs that
///   tainted_migrations       threads changed processors: each reads its private cache again, at 10 GB/s
///   tainted_other_processes  the processors worked for others for more than 10% of one of them (and more
///                            than the ticks can be wrong by): while it runs, a process that streams memory
///                            takes up to half of the bandwidth, which makes that 5%
/// Voluntary switches, minor faults, disk pressure and the clock frequency are recorded and taint nothing:
/// they are the iteration's own doing, or nothing says what they cost.
std::vector<std::string> taints(const CounterValues& values, const InterferenceScale& scale);

/// Whether one of an iteration's flags is a taint.
bool is_tainted(std::span<const std::string> flags);

/// What a scenario's iterations had of it, as results carry it.
struct Interference {
  std::int64_t tainted = 0;          ///< iterations
  std::int64_t left_out = 0;         ///< of the statistics; 0 where too few clean ones remain
  NamedValues<std::int64_t> causes;  ///< iterations by flag
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("tainted", self.tainted);
    visit("left_out", self.left_out);
    visit("causes", self.causes);
  }
};

/// Of iterations with those flags.
Interference interference_of(std::span<const std::vector<std::string>> flags);

/// Which iterations statistics are made of, given their flags: the clean ones, if they are at least 3
/// and at least half; else all, because a choice among few would show what was chosen.
std::vector<bool> counted_iterations(std::span<const std::vector<std::string>> flags);

}  // namespace bv2
