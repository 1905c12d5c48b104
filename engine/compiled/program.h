// What the emitter makes of a graph: something that runs it, and what it runs on.
#pragma once

#include <cstddef>
#include <span>

#include "engine/compiled/expression.h"

namespace bv2::engine::compiled {

/// Runs the calls that a graph leaves whole; generated code comes back to it for each.
class CallRunner {
 public:
  virtual ~CallRunner() = default;
  /// Runs Graph::nodes[node], a NodeKind::call. Throws Error.
  virtual void run_call(std::size_t node) = 0;
};

/// One graph, built. Used by one thread; it uses the engine's team of threads.
class Program {
 public:
  virtual ~Program() = default;
  /// `buffers` has the address of the first element of each of Graph::buffers (null for local ones), valid
  /// for `sizes`. Does not keep them. Allocates nothing.
  virtual void run(const Sizes& sizes, std::span<std::byte* const> buffers, CallRunner& calls) = 0;
};

}  // namespace bv2::engine::compiled
