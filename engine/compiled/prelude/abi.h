// What generated code and the engine that runs it agree on, in plain C types.
#pragma once

#define BV2_GENERATED_ABI 4

/// One thread of the team.
struct Team {
  int thread, threads;
  float* scratch;  ///< this thread's own
  long* arrivals;
  long awaited;         ///< arrivals at which the next barrier opens
  const char* weights;  ///< that this thread asked for while it waited
  long asked;           ///< bytes of them
};

/// One run of a graph. Made by the engine; generated code only reads it.
struct Launch {
  long batch, tokens, past, capacity;  ///< the sizes that the graph leaves open
  char* const* buffers;                ///< the first element of each buffer
  float* scratch;                      ///< of all threads, one after another
  long scratch_stride;                 ///< floats of one thread
  int threads;
  long* arrivals;  ///< of the team's barrier: counts up from 0, on a cache line of its own
  long* bad_id;    ///< receives an id that is outside of its table

  void* engine;  ///< the first argument of the functions below
  /// Calls body(call, 0) to body(call, threads - 1) at once, and returns when all have.
  void (*in_parallel)(void* engine, void (*body)(const Launch*, int), const Launch* call);
  /// Runs a node of the graph that is no generated code: products by a library, attention ...
  void (*run_node)(void* engine, int node);
  /// One thread's part of a node that the team does together: every thread calls it.
  void (*run_part)(void* engine, int node, Team* team);
  /// For profiles: told by the first thread which step begins, and -1 after the last; null: nobody wants to
  /// know.
  void (*mark)(void* engine, int step);
};
