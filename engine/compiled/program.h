// What the emitter makes of a graph: something that runs it, and what it runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/operation_span.h"
#include "engine/compiled/expression.h"
#include "engine/ops/team_part.h"

namespace bv2::engine::compiled {

/// Runs the calls that a graph leaves whole; generated code comes back to it for each.
class CallRunner {
 public:
  virtual ~CallRunner() = default;
  /// Runs Graph::nodes[node], a NodeKind::call. Throws Error.
  virtual void run_call(std::size_t node) = 0;
  /// One thread's part of such a node whose call is InTeam::shared: all threads of a team call it. Throws
  /// Error, on all threads alike.
  virtual void run_call_part(std::size_t node, const TeamPart& part) {
    if (part.thread == 0) run_call(node);
  }
};

/// What there is to say of a program.
struct ProgramReport {
  std::size_t functions = 0;              ///< that were generated
  std::size_t generated_steps = 0;        ///< calls of them in one run
  std::map<std::string, int> host_steps;  ///< calls of libraries and kernels in one run, by operation
  bool from_cache = false;                ///< else a compiler built it
  std::size_t scratch_bytes = 0;          ///< of the program's own, at the sizes it last ran at
};

/// One graph, built. Used by one thread; it uses the engine's team of threads.
class Program {
 public:
  virtual ~Program() = default;
  /// `buffers` has the address of the first element of each of Graph::buffers (null for local ones), valid
  /// for `sizes`. Does not keep them. Allocates nothing.
  virtual void run(const Sizes& sizes, std::span<std::byte* const> buffers, CallRunner& calls) = 0;
  [[nodiscard]] virtual ProgramReport report() const { return {}; }
  /// Whether the steps of the runs from now on are noted. Then a run allocates.
  virtual void set_profiling(bool /*profiling*/) {}
  /// The steps that were noted, in the order of their beginnings; none are left.
  virtual std::vector<OperationSpan> take_spans() { return {}; }
};

}  // namespace bv2::engine::compiled
