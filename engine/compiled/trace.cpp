// Traces a forward at the points of a grid and one beside it.
#include "engine/compiled/trace.h"

#include "engine/compiled/generalise.h"

namespace bv2::engine::compiled {
namespace {

// Consecutive values, as the fit needs them. More tokens than one: a forward may treat one token otherwise.
// Tokens occur squared (scores), the others at most once in a product.
SampleGrid grid_of(const OpenSymbols& open) {
  SampleGrid grid;
  grid.values[0] = open.batch ? std::vector<std::int64_t>{2, 3} : std::vector<std::int64_t>{1};
  grid.values[1] = open.tokens ? std::vector<std::int64_t>{5, 6, 7} : std::vector<std::int64_t>{1};
  grid.values[2] = open.past ? std::vector<std::int64_t>{11, 12} : std::vector<std::int64_t>{0};
  // Larger than past and tokens together: a cache that is exactly full would be contiguous.
  grid.values[3] = open.past ? std::vector<std::int64_t>{37, 38} : std::vector<std::int64_t>{1};
  return grid;
}

Sizes beside(const OpenSymbols& open) {
  return {.batch = open.batch ? 5 : 1,
          .tokens = open.tokens ? 19 : 1,
          .past = open.past ? 23 : 0,
          .capacity = open.past ? 101 : 1};
}

Graph trace_at(const std::string& name, const Sizes& sizes, AttentionPath attention,
               const TracedForward& forward) {
  Tracer tracer;
  KernelSet kept{.table = kept_operations(), .state = {}};
  kept.state.get<ActiveTracer>().tracer = &tracer;
  Context context(tracer, attention, &kept);
  const std::vector<Tensor> results = forward(context, tracer, sizes);
  return tracer.finish(name, results);
}

}  // namespace

Graph trace(const std::string& name, const OpenSymbols& open, AttentionPath attention,
            const TracedForward& forward) {
  const SampleGrid grid = grid_of(open);
  std::vector<Graph> graphs;
  for (const Sizes& sizes : grid.points()) graphs.push_back(trace_at(name, sizes, attention, forward));
  Graph graph = generalised(grid, std::move(graphs));
  const Sizes other = beside(open);
  check_foretold(graph, other, trace_at(name, other, attention, forward));
  graph.fixed = {.batch = open.batch ? 0 : 1, .tokens = open.tokens ? 0 : 1, .past = 0, .capacity = 0};
  check(graph);
  return graph;
}

}  // namespace bv2::engine::compiled
