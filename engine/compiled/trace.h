// Traces a forward into one graph for all sizes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/compiled/graph.h"
#include "engine/compiled/tracer.h"

namespace bv2::engine::compiled {

/// Runs a forward at these sizes with inputs and states of the tracer; the results.
using TracedForward =
    std::function<std::vector<Tensor>(Context& context, Tracer& tracer, const Sizes& sizes)>;

/// Which symbols a graph leaves open.
struct OpenSymbols {
  bool batch = true;
  bool tokens = true;  ///< where they are not open: one token (a decode step)
  bool past = true;    ///< not open, and no capacity either: no cache (an encoder)
};

/// The graph of the forward for all values of the open symbols (tokens > 1 where they are open). The forward
/// is run at several sizes; every number of the graphs that differs between them is expressed by the
/// symbols, and one more run checks that at sizes that were not used the graph is the one foretold. Throws
/// Error where a forward's operations, or the numbers in them, depend on the sizes in another way.
Graph trace(const std::string& name, const OpenSymbols& open, AttentionPath attention,
            const TracedForward& forward);

}  // namespace bv2::engine::compiled
