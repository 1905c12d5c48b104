// Whether this process is at rest.
#pragma once

#include <cstdint>
#include <filesystem>

namespace bv2 {

/// Threads of this process, besides the calling one, that run or wait for a processor. `tasks` is
/// /proc/self/task, or a copy of it for tests.
int running_threads(const std::filesystem::path& tasks = "/proc/self/task");

/// Sleeps until no other thread of this process runs, but not longer than `most_ns`. Threads of OpenMP spin
/// for milliseconds after their work (GOMP_SPINCOUNT) before they sleep.
void wait_until_idle(std::int64_t most_ns = 100'000'000);

}  // namespace bv2
