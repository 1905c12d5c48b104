// The one way to start a parallel region: the team of OpenMP's threads, which oneDNN shares.
#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace bv2::engine {

/// A thread within a parallel region.
struct TeamThread {
  std::int64_t index = 0;  ///< from 0, the thread that started the region, to count - 1
  std::int64_t count = 1;  ///< threads that run the region; fewer than were asked for in a nested one
};

/// What OpenMP orders, told to the thread sanitizer, which does not see into libgomp: all that a thread wrote
/// before leave() has happened for every thread that enters later. Nothing without the sanitizer.
class TeamEdge {
 public:
  static void leave() {
#ifdef __SANITIZE_THREAD__
    __tsan_release(&edge);
#endif
  }
  static void enter() {
#ifdef __SANITIZE_THREAD__
    __tsan_acquire(&edge);
#endif
  }

 private:
  static inline char edge = 0;
};

/// Waits within a region until all of its threads are here.
inline void team_barrier() {
  TeamEdge::leave();
#pragma omp barrier
  TeamEdge::enter();
}

namespace detail {

// Not inlined: what the region itself reads of libgomp's (see tests/tsan.supp) stays apart from what the work
// reads.
template <class Body>
[[gnu::noinline]] void run_on_thread(const Body& body, const TeamThread& thread) {
  TeamEdge::enter();
  body(thread);
  TeamEdge::leave();
}

}  // namespace detail

/// Calls body(TeamThread) on `threads` threads at once, this one among them, and returns when all are done.
/// `body` must not throw. Other than thread_count() threads, or one, cost: libgomp sets the team up anew when
/// its size changes.
template <class Body>
void on_team(std::int64_t threads, const Body& body) {
  TeamEdge::leave();
#pragma omp parallel num_threads(static_cast <int>(threads))
  detail::run_on_thread(body, {omp_get_thread_num(), omp_get_num_threads()});
  TeamEdge::enter();
}

/// Tasks that the threads of a region take one after another: for tasks of unequal cost.
class SharedTasks {
 public:
  explicit SharedTasks(std::int64_t count) : count_(count) {}

  /// Calls body(task), on each thread of the region that calls this, until all of [0, count) are taken.
  /// Others may still be running: team_barrier() waits for them.
  template <class Body>
  void take(const Body& body) {
    for (std::int64_t task = next(); task < count_; task = next()) body(task);
  }

 private:
  std::int64_t next() { return next_.fetch_add(1, std::memory_order_relaxed); }

  const std::int64_t count_;
  std::atomic<std::int64_t> next_ = 0;
};

/// Calls body(begin, end) so that [0, count) is covered: at once on this thread when that is less than two
/// `grain`s, else by all threads, in ranges that begin at multiples of `step`. `body` must not throw.
template <class Body>
void parallel_for(std::int64_t count, std::int64_t grain, std::int64_t step, const Body& body) {
  const int threads = omp_get_max_threads();
  if (count < 2 * grain || threads == 1) {
    if (count > 0) body(std::int64_t{0}, count);
    return;
  }
  on_team(threads, [&](const TeamThread& thread) {
    const std::int64_t used = std::min(thread.count, count / grain);
    const std::int64_t steps = (count + step - 1) / step;
    const std::int64_t begin = std::min(count, steps * thread.index / used * step);
    const std::int64_t end = std::min(count, steps * (thread.index + 1) / used * step);
    if (thread.index < used && begin < end) body(begin, end);
  });
}

/// Calls work(begin, end) on every thread of the team with its own contiguous share of [0, tasks), on the
/// calling thread alone where there is one task or none. `work` must not throw.
template <class Work>
void in_parallel(std::int64_t tasks, const Work& work) {
  parallel_for(tasks, 1, 1, work);
}

/// For elements of a tensor: ranges start on cache lines.
constexpr std::int64_t elements_a_line = 64;

}  // namespace bv2::engine
