// The variant `compiled`.
#include "benches/common/compiled_mode.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/cache_folder.h"
#include "base/clock.h"
#include "base/file.h"
#include "engine/compiled/autotune.h"
#include "engine/compiled/compile_modes.h"
#include "engine/compiled/compiled_model.h"
#include "engine/compiled/program_builder.h"
#include "engine/kernels/registry.h"
#include "engine/threads.h"

namespace bv2 {
namespace {

namespace ec = engine::compiled;
using engine::LogitsOf;

/// The graphs that a workload needs: its prompt at once, then a token at a time.
std::vector<ec::GraphKind> kinds_of(const Preparation& workload, bool causal) {
  const bool padding = !workload.prompt.padding.empty();
  const LogitsOf logits = causal ? LogitsOf::last_token : LogitsOf::all_tokens;
  std::vector<ec::GraphKind> kinds{
      {.one_token = workload.prompt.tokens == 1, .padding = padding, .logits = logits}};
  if (workload.new_tokens > 1) kinds.push_back({.one_token = true, .padding = padding, .logits = logits});
  return kinds;
}

engine::Tensor prompt_tensor(const PromptIds& prompt) {
  // Ids that are not given (a benchmark of shapes alone) are as good as any.
  engine::Tensor ids(Dtype::int64, {prompt.batch, prompt.tokens});
  std::ranges::fill(ids.span<std::int64_t>(), 0);
  if (static_cast<std::int64_t>(prompt.ids.size()) == ids.numel())
    std::ranges::copy(prompt.ids, ids.data<std::int64_t>());
  return ids;
}

Json described(const ec::Tuning& tuning) {
  Json graphs = Json::array();
  for (const ec::TunedGraph& graph : tuning.graphs) {
    Json candidates = Json::array();
    for (const ec::Candidate& candidate : graph.candidates)
      candidates.push_back({{"name", candidate.name}, {"seconds", candidate.seconds}});
    graphs.push_back({{"name", graph.graph},
                      {"winner", graph.candidates.at(graph.winner).name},
                      {"candidates", std::move(candidates)}});
  }
  return {{"from_cache", tuning.from_cache}, {"graphs", std::move(graphs)}};
}

Json described(const ec::GraphFacts& facts) {
  return {{"name", facts.name},
          {"nodes_traced", facts.nodes_traced},
          {"groups_fused", facts.groups},
          {"functions_generated", facts.program.functions},
          {"generated_steps", facts.program.generated_steps},
          {"calls_left", facts.program.host_steps},
          {"from_cache", facts.program.from_cache},
          {"arena_bytes", facts.arena_bytes},
          {"unplanned_bytes", facts.unplanned_bytes},
          {"scratch_bytes", facts.program.scratch_bytes}};
}

class CompiledMode final : public ExecutionMode {
 public:
  CompiledMode(const ScenarioConfig& config, engine::Model& model, engine::AttentionPath attention)
      : ExecutionMode(attention, &kernels_),
        mode_(&ec::compile_mode(config.compile_mode.value_or("default"))),
        model_(&model),
        attention_(attention) {}

  PreparationTimes prepare(const Preparation& preparation) override {
    const ec::Toolchain toolchain = ec::find_toolchain();  // before anything that takes long
    compiler_ = toolchain.version;
    cache_.emplace(default_cache_folder());
    builder_.emplace(toolchain, *cache_, warn);
    kernels_.table = engine::kernels_for(model_->dtype());
    PreparationTimes times;
    packing_ = pack_timed(*model_, times.pack_seconds);
    ec::PassOptions passes;
    dump_code_dir_ = preparation.dump_code_dir;
    dump_graph_dir_ = preparation.dump_graph_dir;
    if (!dump_graph_dir_.empty()) {
      passes.after = [this](std::string_view pass, const ec::Graph& graph) {
        if (pass == "trace") dump(graph, ".traced");
      };
    }
    compiled_ = std::make_unique<ec::CompiledModel>(
        *model_, attention_, [this](std::span<const ec::Graph* const> graphs) { return build(graphs); },
        std::move(passes));
    runner_.emplace(*compiled_, context());
    const std::vector<ec::GraphKind> kinds = kinds_of(preparation, model_->config().causal);
    workload_ = workload_of(preparation, kinds);
    compiled_->prepare(kinds);
    workload_.reset();
    if (mode_->is_tuned) times.autotune_seconds = autotune_seconds_;
    double trace_seconds = 0;
    for (const ec::GraphFacts& facts : compiled_->facts()) trace_seconds += facts.trace_seconds;
    times.trace_seconds = trace_seconds;
    times.emit_seconds = build_times_.emit_seconds;
    times.compile_seconds = build_times_.compile_seconds;
    times.load_code_seconds = build_times_.load_seconds;
    return times;
  }

  engine::ModelRunner& runner() override { return *runner_; }

  /// There is no other way to run than what was built; what is left to look for is a graph of which nothing
  /// became code.
  void check_ran() const override {
    for (const ec::GraphFacts& facts : compiled_->facts()) {
      if (facts.program.generated_steps > 0) continue;
      fail(
          "the variant 'compiled' generated no code for the graph '{}' of this model; use the variant "
          "'eager'",
          facts.name);
    }
  }

  std::vector<OperationSpan> take_spans() override {
    return compiled_ == nullptr ? std::vector<OperationSpan>() : compiled_->take_spans();
  }

  void describe(Json& effective) const override {
    effective["compile_mode"] = mode_->name;
    if (packing_) describe_packing(*packing_, effective);
    if (compiled_ == nullptr) return;
    Json graphs = Json::array();
    for (const ec::GraphFacts& facts : compiled_->facts()) {
      graphs.push_back(described(facts));
      // Tuning left in the cache what it had to compile.
      if (was_compiled_by_tuning(facts.name)) graphs.back()["from_cache"] = false;
    }
    // Layer operations that ran by their definitions, outside of generated code.
    effective["compiled"] = {{"compiler", compiler_},
                             {"one_team", step_options().one_team},
                             {"choices", to_string(step_options().choices)},
                             {"graphs", std::move(graphs)},
                             {"fallbacks", context().record().definitions}};
    if (tuning_) effective["compiled"]["autotune"] = described(*tuning_);
  }

 private:
  std::vector<std::unique_ptr<ec::Program>> build(std::span<const ec::Graph* const> graphs) {
    const auto parallel = static_cast<std::size_t>(engine::thread_count());
    const bool is_tuned = mode_->is_tuned && workload_;
    if (is_tuned) tune(graphs, parallel);
    std::vector<ec::BuildRequest> requests;
    for (const ec::Graph* graph : graphs) {
      if (!dump_graph_dir_.empty()) dump(*graph, "");
      // Only a step of few rows is one region, so the others share their code with the default mode.
      requests.push_back({.graph = graph,
                          .title = graph->name,
                          .options = is_tuned ? tuning_->options_of(graph->name) : mode_->options});
    }
    auto programs = ec::build_programs(requests, *builder_, parallel, dump_code_dir_, &build_times_);
    return {std::make_move_iterator(programs.begin()), std::make_move_iterator(programs.end())};
  }

  /// How the step, or the only graph, was printed.
  [[nodiscard]] const ec::EmitOptions& step_options() const {
    if (!tuning_) return mode_->options;
    const auto is_step = [](const ec::TunedGraph& graph) { return graph.graph.starts_with("decode"); };
    const auto found = std::ranges::find_if(tuning_->graphs, is_step);
    return tuning_->options_of(found == tuning_->graphs.end() ? tuning_->graphs.front().graph : found->graph);
  }

  void tune(std::span<const ec::Graph* const> graphs, std::size_t parallel) {
    const std::int64_t start_ns = monotonic_now_ns();
    tuning_ = ec::tuned(graphs, *workload_, *builder_, parallel);
    if (!tuning_->damage.empty())
      warn(fmt::format("the choice that was kept was damaged and has been made again: {}", tuning_->damage));
    // What the candidates' calls ran is not what the scenario runs.
    context().record() = {};
    const ec::BuildTimes& build = tuning_->build;
    build_times_ = build;
    const double all_seconds = static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
    // Threads that load at once have more seconds than passed.
    autotune_seconds_ =
        std::max(0.0, all_seconds - build.emit_seconds - build.compile_seconds - build.load_seconds);
  }

  [[nodiscard]] bool was_compiled_by_tuning(std::string_view graph) const {
    return tuning_ && std::ranges::any_of(tuning_->graphs, [&](const ec::TunedGraph& tuned) {
             return tuned.graph == graph && tuned.compiled;
           });
  }

  ec::TuningWorkload workload_of(const Preparation& preparation, std::vector<ec::GraphKind> kinds) {
    ec::TuningWorkload workload{.model = model_,
                                .attention = attention_,
                                .kinds = std::move(kinds),
                                .ids = prompt_tensor(preparation.prompt),
                                .padding = {},
                                .new_tokens = preparation.new_tokens,
                                .context = &context()};
    if (!preparation.prompt.padding.empty())
      workload.padding =
          engine::tensor_of<std::int64_t>(preparation.prompt.padding, {preparation.prompt.batch});
    return workload;
  }

  static void warn(std::string_view line) { fmt::print(stderr, "warning: {}\n", line); }

  void dump(const ec::Graph& graph, std::string_view stage) const {
    write_file_atomically(dump_graph_dir_ / fmt::format("{}{}.txt", graph.name, stage), to_text(graph));
  }

  const ec::CompileMode* mode_;
  engine::KernelSet kernels_;  // of the calls that graphs leave
  engine::Model* model_;
  engine::AttentionPath attention_;
  std::string compiler_;
  std::optional<ec::DiskCache> cache_;
  std::optional<ec::CodeBuilder> builder_;
  std::optional<ec::TuningWorkload> workload_;  // while its graphs are prepared
  std::optional<ec::Tuning> tuning_;
  double autotune_seconds_ = 0;
  ec::BuildTimes build_times_;
  std::filesystem::path dump_graph_dir_;
  std::filesystem::path dump_code_dir_;
  std::optional<engine::PackingReport> packing_;
  std::unique_ptr<ec::CompiledModel> compiled_;
  std::optional<ec::CompiledRunner> runner_;
};

}  // namespace

std::unique_ptr<ExecutionMode> make_compiled_mode(const ScenarioConfig& config, engine::Model& model,
                                                  engine::AttentionPath attention) {
  return std::make_unique<CompiledMode>(config, model, attention);
}

}  // namespace bv2
