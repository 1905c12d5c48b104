// A model's graphs: compiling them on demand, binding them to memory, running them.
#include "engine/compiled/compiled_model.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <mutex>

#include "engine/compiled/constant_reach.h"
#include "engine/models/parameters.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine::compiled {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void count_nodes(const Graph& graph, GraphFacts& facts) {
  for (const Node& node : graph.nodes) {
    switch (node.kind) {
      case NodeKind::group:
        ++facts.groups;
        break;
      case NodeKind::product:
        ++facts.products;
        break;
      case NodeKind::call:
        ++facts.calls;
        break;
      default:
        ++facts.others;
    }
  }
}

/// The tensor of the cache that a state of that name is: "keys.3", "values.0".
const Tensor& state_of(const KvCache& cache, std::string_view name) {
  const std::size_t dot = name.find('.');
  std::size_t layer = 0;
  std::from_chars(name.data() + dot + 1, name.data() + name.size(), layer);
  const KvCache::Layer& of = cache.layers.at(layer);
  return name.starts_with("keys") ? of.keys : of.values;
}

/// A graph's calls at one binding.
class Calls final : public CallRunner {
 public:
  /// `scratch` is what the calls that a team shares need at these sizes.
  Calls(const Graph& graph, const Bindings& bindings, std::span<std::byte> scratch, Context& context,
        const Sizes& sizes)
      : graph_(graph), bindings_(bindings), scratch_(scratch), context_(context), sizes_(sizes) {}

  void run_call(std::size_t index) override {
    const Node& node = graph_.nodes.at(index);
    if (node.call->in_team() == InTeam::shared) return share_out(index);
    const Arguments arguments(node, bindings_, sizes_);
    std::array<std::int64_t, most> numbers{};
    if (node.numbers.size() > most) fail("the call {} has more than {} numbers", node.call->name(), most);
    for (std::size_t i = 0; i < node.numbers.size(); ++i) numbers[i] = node.numbers[i].at(sizes_);
    node.call->run(context_, std::span(numbers).first(node.numbers.size()), arguments.inputs(),
                   arguments.outputs());
  }

  void run_call_part(std::size_t index, const TeamPart& part) override {
    const Node& node = graph_.nodes.at(index);
    const Arguments arguments(node, bindings_, sizes_);
    node.call->run_part(arguments.inputs(), arguments.outputs(), scratch_, part);
  }

 private:
  // No memory is allocated for a call.
  static constexpr std::size_t most = 16;

  /// A node's tensors.
  class Arguments {
   public:
    Arguments(const Node& node, const Bindings& bindings, const Sizes& sizes) : node_(node) {
      if (node.inputs.size() > most || node.outputs.size() > most)
        fail("the call {} has more than {} tensors", node.call->name(), most);
      for (std::size_t i = 0; i < node.inputs.size(); ++i)
        inputs_[i] = bindings.borrowed(node.inputs[i], sizes);
      for (std::size_t i = 0; i < node.outputs.size(); ++i)
        outputs_[i] = bindings.borrowed(node.outputs[i], sizes);
    }
    [[nodiscard]] std::span<const Tensor> inputs() const {
      return std::span(inputs_).first(node_.inputs.size());
    }
    [[nodiscard]] std::span<const Tensor> outputs() const {
      return std::span(outputs_).first(node_.outputs.size());
    }

   private:
    const Node& node_;
    std::array<Tensor, most> inputs_;
    std::array<Tensor, most> outputs_;
  };

  /// A team of its own for that call.
  void share_out(std::size_t index) {
    std::exception_ptr failure;
    std::mutex failing;
    on_team(thread_count(), [&](const TeamThread& thread) {
      const TeamPart part{
          .thread = thread.index, .threads = thread.count, .team = nullptr, .wait_for_all = [](void*) {
            team_barrier();
          }};
      try {
        run_call_part(index, part);
      } catch (...) {
        const std::lock_guard guard(failing);
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }

  const Graph& graph_;
  const Bindings& bindings_;
  std::span<std::byte> scratch_;
  Context& context_;
  Sizes sizes_;
};

/// What the calls that a team shares need at most while the cache fills up.
std::size_t scratch_bytes_of(const Graph& graph, const Sizes& sizes) {
  Sizes largest = sizes;
  largest.past = std::max<std::int64_t>(sizes.capacity - sizes.tokens, 0);
  std::size_t bytes = 0;
  for (const Node& node : graph.nodes) {
    if (node.kind != NodeKind::call || node.call->in_team() != InTeam::shared) continue;
    std::vector<Shape> shapes;
    for (const View& view : node.inputs) {
      std::vector<std::int64_t> dims;
      for (const Expression& size : view.shape) dims.push_back(size.at(largest));
      shapes.emplace_back(std::span<const std::int64_t>(dims));
    }
    const Dtype dtype = graph.buffers[static_cast<std::size_t>(node.inputs[0].buffer)].dtype;
    bytes = std::max(bytes, node.call->scratch_bytes(shapes, dtype, static_cast<int>(thread_count())));
  }
  return bytes;
}

}  // namespace

/// One graph with its program, and the memory that it is bound to.
struct CompiledModel::Compiled {
  Graph graph;
  std::unique_ptr<Program> program;
  GraphFacts facts;
  std::optional<ConstantReach> reach;

  Sizes bound;  // past is not part of it
  const Storage* bound_cache = nullptr;
  std::int64_t bound_threads = 0;
  std::optional<Storage> arena;
  std::optional<Storage> call_scratch;
  Tensor ids;
  Tensor padding;
  std::vector<std::byte*> addresses;
  std::optional<Bindings> bindings;

  [[nodiscard]] bool fits(const Sizes& sizes, const KvCache& cache) const {
    return bindings && sizes.batch == bound.batch && sizes.tokens == bound.tokens &&
           sizes.capacity == bound.capacity && storage_of(cache) == bound_cache &&
           bound_threads == thread_count();
  }

  static const Storage* storage_of(const KvCache& cache) {
    return cache.layers.empty() ? nullptr : cache.layers[0].keys.storage().get();
  }

  void bind(const Sizes& sizes, const KvCache& cache) {
    const MemoryPlan plan = plan_memory(graph, sizes);
    if (!arena || arena->size_bytes() < static_cast<std::size_t>(plan.arena_bytes))
      arena.emplace(static_cast<std::size_t>(plan.arena_bytes));
    facts.arena_bytes = std::max(facts.arena_bytes, plan.arena_bytes);
    facts.unplanned_bytes = std::max(facts.unplanned_bytes, plan.unplanned_bytes);
    ids = Tensor(Dtype::int64, {sizes.batch, sizes.tokens});
    padding = Tensor(Dtype::int64, {sizes.batch});
    addresses.assign(graph.buffers.size(), nullptr);
    for (std::size_t id = 0; id < graph.buffers.size(); ++id) {
      const Buffer& buffer = graph.buffers[id];
      if (buffer.kind == BufferKind::temporary && plan.offsets[id] >= 0)
        addresses[id] = arena->data() + plan.offsets[id];
      if (buffer.kind == BufferKind::constant) addresses[id] = address_of(buffer.tensor);
      if (buffer.kind == BufferKind::state) addresses[id] = state_of(cache, buffer.name).raw();
      if (buffer.kind == BufferKind::input) addresses[id] = (buffer.name == "ids" ? ids : padding).raw();
    }
    bindings.emplace(graph, addresses);
    call_scratch.emplace(scratch_bytes_of(graph, sizes));
    bound_threads = thread_count();
    bound = sizes;
    bound_cache = storage_of(cache);
  }

  /// Of packed ones too.
  static std::byte* address_of(const Tensor& constant) {
    return constant.storage()->data() +
           static_cast<std::size_t>(constant.offset()) * size_bytes(constant.dtype());
  }
};

CompiledModel::CompiledModel(const Model& model, AttentionPath attention, ProgramBuilder build,
                             PassOptions passes)
    : model_(&model), attention_(attention), build_(std::move(build)), passes_(std::move(passes)) {}

CompiledModel::~CompiledModel() = default;

std::unique_ptr<CompiledModel::Compiled> CompiledModel::traced(const GraphKind& kind) const {
  auto made = std::make_unique<Compiled>();
  made->facts.trace_seconds = seconds_of([&] {
    made->graph = trace_model(*model_, attention_, kind);
    made->facts.nodes_traced = static_cast<std::int64_t>(made->graph.nodes.size());
    if (passes_.after) passes_.after("trace", made->graph);
    optimise(made->graph, passes_);
  });
  made->reach.emplace(made->graph);
  made->facts.name = made->graph.name;
  count_nodes(made->graph, made->facts);
  return made;
}

void CompiledModel::prepare(std::span<const GraphKind> kinds) {
  std::map<GraphKind, std::unique_ptr<Compiled>> made;
  for (const GraphKind& kind : kinds)
    if (!graphs_.contains(kind) && !made.contains(kind)) made.emplace(kind, traced(kind));
  if (made.empty()) return;
  std::vector<const Graph*> graphs;
  for (const auto& [kind, compiled] : made) graphs.push_back(&compiled->graph);
  std::vector<std::unique_ptr<Program>> programs = build_(graphs);
  for (std::size_t next = 0; auto& [kind, compiled] : made)
    compiled->program = std::move(programs.at(next++));
  graphs_.merge(made);
}

CompiledModel::Compiled& CompiledModel::compiled(const GraphKind& kind) {
  auto found = graphs_.find(kind);
  if (found == graphs_.end()) {
    prepare(std::span(&kind, 1));
    found = graphs_.find(kind);
  }
  return *found->second;
}

StepResult CompiledModel::run(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) {
  const Sizes sizes{
      .batch = ids.size(0), .tokens = ids.size(1), .past = cache.length, .capacity = cache.capacity};
  const bool keeps_tokens = model_->config().causal;
  if (keeps_tokens) check_fits(cache, sizes.tokens);
  // The graph that ends in logits chooses the token too.
  const LogitsOf logits = which == LogitsOf::greedy_token ? LogitsOf::last_token : which;
  Compiled& step =
      compiled({.one_token = sizes.tokens == 1, .padding = cache.padding.defined(), .logits = logits});
  step.reach->check(sizes);
  if (!step.fits(sizes, cache)) step.bind(sizes, cache);
  std::ranges::copy(ids.span<std::int64_t>(), step.ids.data<std::int64_t>());
  if (cache.padding.defined())
    std::ranges::copy(cache.padding.span<std::int64_t>(), step.padding.data<std::int64_t>());
  const std::span scratch(step.call_scratch->data(), step.call_scratch->size_bytes());
  Calls calls(step.graph, *step.bindings, scratch, context, sizes);
  step.program->set_profiling(context.profile() != nullptr);
  step.program->run(sizes, step.addresses, calls);
  if (keeps_tokens) cache.length += sizes.tokens;
  StepResult result{.logits = step.bindings->tensor(step.graph.results[0], sizes), .chosen = {}};
  if (step.graph.results.size() > 1) result.chosen = step.bindings->tensor(step.graph.results[1], sizes);
  return result;
}

std::vector<OperationSpan> CompiledModel::take_spans() {
  std::vector<OperationSpan> all;
  for (const auto& [kind, entry] : graphs_) {
    for (OperationSpan& span : entry->program->take_spans()) all.push_back(std::move(span));
  }
  return all;
}

std::vector<GraphFacts> CompiledModel::facts() const {
  std::vector<GraphFacts> all;
  for (const auto& [kind, entry] : graphs_) {
    all.push_back(entry->facts);
    all.back().program = entry->program->report();
  }
  return all;
}

}  // namespace bv2::engine::compiled
