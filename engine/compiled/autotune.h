// Which of several ways to print a graph runs fastest on this machine: measured once, kept on disk.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compiled/code_builder.h"
#include "engine/compiled/emitter.h"
#include "engine/compiled/model_graphs.h"
#include "engine/compiled/program_builder.h"

namespace bv2::engine::compiled {

/// One way to print a graph.
struct Candidate {
  std::string name;  ///< "one team, panels in turn"
  EmitOptions options;
  double seconds = 0;  ///< of one run; 0: it was not timed
};

/// What was measured of one graph.
struct TunedGraph {
  std::string graph;                  ///< its name
  std::vector<Candidate> candidates;  ///< the first is what runs without tuning
  std::size_t winner = 0;
  bool compiled = false;  ///< now, at least one of the candidates
};

struct Tuning {
  std::vector<TunedGraph> graphs;
  bool from_cache = false;
  BuildTimes build;    ///< of the candidates
  std::string damage;  ///< what was wrong with the choice that was kept; empty when nothing was

  /// Of the graph's winner. Throws Error where it was not tuned.
  [[nodiscard]] const EmitOptions& options_of(std::string_view graph) const;
};

/// A model and what it will be given.
struct TuningWorkload {
  const Model* model = nullptr;
  AttentionPath attention = AttentionPath::sdpa_flash_attention;
  std::vector<GraphKind> kinds;  ///< the graphs that are tuned
  Tensor ids;                    ///< int64 [batch, tokens]: the prompt
  Tensor padding;                ///< int64 [batch] or undefined
  std::int64_t new_tokens = 0;
  Context* context = nullptr;  ///< that of calls
};

/// What a graph may be printed like, for that many rows: tiles, prefetching, splits over threads, products
/// that are generated or those of the library or our own loops.
std::vector<Candidate> candidates_for(const GraphKind& kind, std::int64_t batch);

/// The fastest of `candidates`, whose seconds are set: time(i) runs the i-th once and gives its own. In
/// rounds, one after another, so that what disturbs the machine disturbs all; each has its median. What is
/// more than a quarter slower than the fastest leaves after three rounds. A winner other than the first has
/// to be faster than it by more than a hundredth.
std::size_t fastest(std::vector<Candidate>& candidates, const std::function<double(std::size_t)>& time);

/// The choices for `graphs`, which are those of workload.kinds: kept ones where there are some, else all
/// candidates are built (through the builder, `parallel` at once) and whole prefills and decode steps of the
/// model are timed, so that each sees the weights as cold as it would be. Kept choices belong to the graphs,
/// the batch, the power of two of the prompt's length, the number of threads, the compiler, the processor and
/// our version. Throws Error.
Tuning tuned(std::span<const Graph* const> graphs, const TuningWorkload& workload, CodeBuilder& builder,
             std::size_t parallel);

}  // namespace bv2::engine::compiled
