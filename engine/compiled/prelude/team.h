// The team of threads: shares of work, and the barrier between steps.
#pragma once

#include <sched.h>

#include "engine/compiled/prelude/abi.h"

static inline Team team_of(const Launch* call, int thread) {
  return {thread, call->threads, call->scratch + thread * call->scratch_stride, call->arrivals, 0, nullptr,
          0};
}

static inline void mark(const Launch* call, int thread, int step) {
  if (call->mark != nullptr && thread == 0) call->mark(call->engine, step);
}

// Thread t has [share(n, t), share(n, t + 1)) of n tasks.
static inline long share(long tasks, int thread, const Team& team) { return tasks * thread / team.threads; }

// How much of the next weights a thread asks for while it waits.
#ifndef BV2_WAITING_BYTES
#define BV2_WAITING_BYTES 0
#endif

// Weights of a product: panels from that number on, one after another.
struct PanelRun {
  long first;
  int buffer;
  long panel_bytes;
};
struct Weights {
  const char* at;
  long bytes;
};

// The first panel of `all` that is this thread's.
static inline Weights first_weights(const Launch* call, const Team& team, const PanelRun* runs, int count,
                                    long all) {
  const long panel = share(all, team.thread, team);
  const PanelRun* run = runs + count - 1;
  while (run->first > panel) --run;
  return {call->buffers[run->buffer] + (panel - run->first) * run->panel_bytes,
          run->panel_bytes < BV2_WAITING_BYTES ? run->panel_bytes : BV2_WAITING_BYTES};
}

// A few cache lines more of what this thread reads next: memory has nothing else to do meanwhile.
static inline void ask_for(const Weights& next, Team& team) {
  constexpr long line = 64;
  if (team.weights != next.at) {
    team.weights = next.at;
    team.asked = 0;
  }
  for (int lines = 0; lines < 4 && team.asked < next.bytes; ++lines, team.asked += line)
    __builtin_prefetch(next.at + team.asked, 0, 2);
}

// Spins, since a step takes microseconds; yields where another program has the core.
static inline void wait_for_all(Team& team, const Weights& next = {nullptr, 0}) {
  if (team.threads == 1) return;
  team.awaited += team.threads;
  __atomic_fetch_add(team.arrivals, 1, __ATOMIC_ACQ_REL);
  for (int spins = 0; __atomic_load_n(team.arrivals, __ATOMIC_ACQUIRE) < team.awaited; ++spins) {
    if (spins > 4096) sched_yield();
    if (next.bytes > 0) ask_for(next, team);
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}
