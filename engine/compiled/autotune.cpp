// Times ways to print a graph, and keeps the choice.
#include "engine/compiled/autotune.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <memory>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/median.h"
#include "engine/compiled/compiled_model.h"
#include "engine/kernels/panel_products.h"
#include "engine/threads.h"

namespace bv2::engine::compiled {
namespace {

constexpr std::string_view choice_file = "choice.json";

/// What is kept of a candidate and of a graph.
struct KeptCandidate {
  std::string name;
  double seconds = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("name", self.name);
    visit("seconds", self.seconds);
  }
};
struct KeptGraph {
  std::string graph;
  std::int64_t winner = 0;
  std::vector<KeptCandidate> candidates;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("graph", self.graph);
    visit("winner", self.winner);
    visit("candidates", self.candidates);
  }
};
struct KeptChoice {
  std::vector<KeptGraph> graphs;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("graphs", self.graphs);
  }
};

/// Programs of one graph, of which one runs.
class Variants final : public Program {
 public:
  explicit Variants(std::vector<std::unique_ptr<Program>> programs) : programs_(std::move(programs)) {}
  void select(std::size_t index) { selected_ = index; }
  void run(const Sizes& sizes, std::span<std::byte* const> buffers, CallRunner& calls) override {
    programs_[selected_]->run(sizes, buffers, calls);
  }
  [[nodiscard]] ProgramReport report() const override { return programs_[selected_]->report(); }

 private:
  std::vector<std::unique_ptr<Program>> programs_;
  std::size_t selected_ = 0;
};

std::string key_of(std::span<const Graph* const> graphs, const std::vector<TunedGraph>& tuned,
                   const TuningWorkload& workload, const CodeBuilder& builder) {
  const auto tokens = static_cast<std::uint64_t>(workload.ids.size(1));
  std::string text = fmt::format("choice\n{}\n{}\nthreads {}, batch {}, tokens {}\n", BV2_VERSION,
                                 builder.toolchain().identity(), thread_count(), workload.ids.size(0),
                                 std::bit_ceil(tokens));
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    text += to_text(*graphs[i]);
    for (const Candidate& candidate : tuned[i].candidates)
      text += fmt::format("{}: {}, {}\n", candidate.name, candidate.options.one_team,
                          to_string(candidate.options.choices));
  }
  return digest_of(DigestKind::sha256, text);
}

/// A model of which every graph can be run in every way.
class Tuner {
 public:
  Tuner(const TuningWorkload& workload, Tuning& tuning, CodeBuilder& builder, std::size_t parallel)
      : workload_(workload),
        graphs_(tuning.graphs),
        times_(tuning.build),
        builder_(builder),
        parallel_(parallel),
        model_(*workload.model, workload.attention,
               [this](std::span<const Graph* const> of) { return build(of); }),
        cache_(workload.model->make_cache(workload.ids.size(0), workload.ids.size(1) + workload.new_tokens)),
        next_(Dtype::int64, {workload.ids.size(0), 1}) {
    cache_.padding = workload.padding;
    std::ranges::fill(next_.span<std::int64_t>(), 0);
  }

  void run() {
    model_.prepare(workload_.kinds);
    for (const GraphKind& kind : workload_.kinds) {
      const bool is_prompt = kind.one_token == (workload_.ids.size(1) == 1);
      const Tensor& ids = is_prompt ? workload_.ids : next_;
      const std::int64_t past = is_prompt ? 0 : workload_.ids.size(1);
      // The keys and values that a decode step reads are those of the prompt.
      const auto found = std::ranges::find(graphs_, graph_name(kind), &TunedGraph::graph);
      if (found->candidates[0].seconds > 0) continue;  // a prompt of one token has the graph of a step
      Variants& variants = *variants_.at(static_cast<std::size_t>(found - graphs_.begin()));
      found->winner = fastest(found->candidates, [&](std::size_t index) {
        variants.select(index);
        cache_.length = past;
        const std::int64_t start_ns = monotonic_now_ns();
        (void)model_.run(*workload_.context, ids, cache_, kind.logits);
        return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
      });
    }
  }

 private:
  std::vector<std::unique_ptr<Program>> build(std::span<const Graph* const> of) {
    std::vector<BuildRequest> requests;
    for (const Graph* graph : of) {
      for (const Candidate& candidate : tuned_of(graph->name).candidates)
        requests.push_back({.graph = graph,
                            .title = fmt::format("{} ({})", graph->name, candidate.name),
                            .options = candidate.options});
    }
    auto programs = build_programs(requests, builder_, parallel_, {}, &times_);
    std::vector<std::unique_ptr<Program>> all;
    auto next = programs.begin();
    variants_.resize(graphs_.size());
    for (const Graph* graph : of) {
      TunedGraph& tuned = tuned_of(graph->name);
      const auto end = next + static_cast<std::ptrdiff_t>(tuned.candidates.size());
      tuned.compiled = !std::all_of(next, end, [](const auto& of) { return of->report().from_cache; });
      auto variants = std::make_unique<Variants>(
          std::vector<std::unique_ptr<Program>>(std::make_move_iterator(next), std::make_move_iterator(end)));
      variants_[static_cast<std::size_t>(&tuned - graphs_.data())] = variants.get();
      all.push_back(std::move(variants));
      next = end;
    }
    return all;
  }

  TunedGraph& tuned_of(std::string_view name) {
    return *std::ranges::find(graphs_, name, &TunedGraph::graph);
  }

  const TuningWorkload& workload_;
  std::vector<TunedGraph>& graphs_;
  BuildTimes& times_;
  CodeBuilder& builder_;
  std::size_t parallel_;
  std::vector<Variants*> variants_;  // the model's
  CompiledModel model_;
  KvCache cache_;
  Tensor next_;
};

KeptChoice kept(const std::vector<TunedGraph>& graphs) {
  KeptChoice choice;
  for (const TunedGraph& tuned : graphs) {
    KeptGraph of{.graph = tuned.graph, .winner = static_cast<std::int64_t>(tuned.winner), .candidates = {}};
    for (const Candidate& candidate : tuned.candidates)
      of.candidates.push_back({candidate.name, candidate.seconds});
    choice.graphs.push_back(std::move(of));
  }
  return choice;
}

/// The names are part of the key, so that what is kept fits.
void take_over(const KeptChoice& choice, std::vector<TunedGraph>& graphs) {
  for (std::size_t i = 0; i < graphs.size(); ++i) {
    const KeptGraph& of = choice.graphs.at(i);
    graphs[i].winner = static_cast<std::size_t>(of.winner);
    for (std::size_t k = 0; k < graphs[i].candidates.size(); ++k)
      graphs[i].candidates[k].seconds = of.candidates.at(k).seconds;
  }
}

EmitOptions with(bool one_team, const CodeChoices& choices) {
  return {.one_team = one_team, .choices = choices};
}

}  // namespace

const EmitOptions& Tuning::options_of(std::string_view graph) const {
  const auto found = std::ranges::find(graphs, graph, &TunedGraph::graph);
  if (found == graphs.end()) fail("the graph {} was not tuned", graph);
  return found->candidates.at(found->winner).options;
}

std::vector<Candidate> candidates_for(const GraphKind& kind, std::int64_t batch) {
  if (!kind.one_token) {
    return {{"products of the library", with(true, {}), 0},
            {"products by our own loops", with(true, {.own_products = true}), 0}};
  }
  std::vector<Candidate> candidates{
      {"one team", with(true, {}), 0},
      {"one team, weights asked for while waiting", with(true, {.waiting_bytes = 65536}), 0},
      {"one team, inputs of products apart", with(true, {.fuse_input = false}), 0},
      {"a region between calls", with(false, {}), 0},
      {"products by our own loops", with(false, {.few_rows = 0, .own_products = true}), 0},
  };
  // As kernelized mode reads them.
  if (const std::int64_t streams = panels_of_one_row(); streams > 1) {
    candidates.push_back(
        {fmt::format("one team, {} streams of weights", streams), with(true, {.streams = streams}), 0});
  }
  // With more rows than are streamed at once the panels would be read twice; the library reads them once.
  if (batch > 1) candidates.push_back({"products of the library", with(false, {.few_rows = 0}), 0});
  if (batch > 4 && batch <= 8)
    candidates.push_back({"one team, eight rows at once", with(true, {.few_rows = 8}), 0});
  return candidates;
}

std::size_t fastest(std::vector<Candidate>& candidates, const std::function<double(std::size_t)>& time) {
  constexpr std::size_t least_rounds = 5;
  constexpr std::size_t most_rounds = 40;
  constexpr double budget_seconds = 4;
  std::vector<std::vector<double>> times(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) (void)time(i);  // what is made once is not of the run
  double spent_seconds = 0;
  double best = 0;
  for (std::size_t round = 0; round < most_rounds; ++round) {
    if (round >= least_rounds && spent_seconds > budget_seconds) break;
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      const std::size_t i = (k + round) % candidates.size();
      if (round >= 3 && candidates[i].seconds > 1.25 * best) continue;
      times[i].push_back(time(i));
      spent_seconds += times[i].back();
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].seconds = median(times[i]);
    best = std::ranges::min_element(candidates, {}, &Candidate::seconds)->seconds;
  }
  const auto winner = std::ranges::min_element(candidates, {}, &Candidate::seconds) - candidates.begin();
  // Less than that is the machine's noise, and the first is what everybody else runs.
  return candidates[static_cast<std::size_t>(winner)].seconds < 0.99 * candidates[0].seconds
             ? static_cast<std::size_t>(winner)
             : 0;
}

Tuning tuned(std::span<const Graph* const> graphs, const TuningWorkload& workload, CodeBuilder& builder,
             std::size_t parallel) {
  Tuning tuning;
  for (const Graph* graph : graphs) {
    const auto kind = std::ranges::find(workload.kinds, graph->name, graph_name);
    if (kind == workload.kinds.end()) fail("the graph {} is none of the workload's", graph->name);
    tuning.graphs.push_back({graph->name, candidates_for(*kind, workload.ids.size(0)), 0});
  }
  const std::string key = key_of(graphs, tuning.graphs, workload, builder);
  const CacheUse use = builder.cache().use(
      key, fmt::format("the choice for {}", graphs.front()->name),
      [&](const std::filesystem::path& folder) {
        Tuner(workload, tuning, builder, parallel).run();
        write_json(folder / choice_file, to_json(kept(tuning.graphs)));
      },
      [&](const std::filesystem::path& folder) {
        const std::filesystem::path path = folder / choice_file;
        KeptChoice choice;
        from_json_value(read_json(path), choice, path.string());
        take_over(choice, tuning.graphs);
      });
  tuning.from_cache = !use.built;
  tuning.damage = use.damage;
  return tuning;
}

}  // namespace bv2::engine::compiled
