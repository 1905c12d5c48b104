// A graph as generated code that is loaded and can run.
#include "engine/compiled/native_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "engine/compiled/prelude/team.h"
#include "engine/compiled/product_epilogue.h"
#include "engine/eager/eager_executor.h"
#include "engine/eager/operations.h"
#include "engine/kernels/panel_products.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine::compiled {
namespace {

constexpr long no_bad_id = std::numeric_limits<long>::min();
constexpr std::size_t alignment = Storage::alignment_bytes;

std::size_t rounded_up(std::size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

/// Whether oneDNN multiplies panels of that dtype on this machine; otherwise our own loops do.
bool library_multiplies(Dtype dtype) {
  static const bool float32 = !OneDnnPanels::isa(Dtype::float32).empty();
  static const bool bfloat16 = !OneDnnPanels::isa(Dtype::bfloat16).empty();
  return (dtype == Dtype::float32 && float32) || (dtype == Dtype::bfloat16 && bfloat16);
}

Dims dims_at(const std::vector<Expression>& expressions, const Sizes& sizes) {
  std::vector<std::int64_t> values;
  values.reserve(expressions.size());
  for (const Expression& expression : expressions) values.push_back(expression.at(sizes));
  return Dims(std::span<const std::int64_t>(values));
}

/// Of elements that are there: those that repeat count once.
std::int64_t bytes_of(Dtype dtype, const Shape& shape, const Strides& strides) {
  std::int64_t elements = 1;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    const auto dim = static_cast<std::int64_t>(i);
    if (strides[dim] != 0) elements *= shape[dim];
  }
  return elements * static_cast<std::int64_t>(size_bytes(dtype));
}

}  // namespace

NativeProgram::NativeProgram(EmittedCode code, LoadedCode loaded)
    : code_(std::move(code)), loaded_(std::move(loaded)), addresses_(code_.graph.buffers.size()) {
  auto* const version = loaded_.library.function<int()>(std::string(abi_name));
  entry_ = loaded_.library.function<void(const Launch*)>(std::string(entry_name));
  if (version == nullptr || version() != BV2_GENERATED_ABI || entry_ == nullptr)
    fail("the generated code of {} is of another version of this program", code_.graph.name);
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const Tensor& constant = code_.graph.buffers[i].tensor;
    if (constant.defined())
      addresses_[i] = constant.storage()->data() +
                      static_cast<std::size_t>(constant.offset()) * size_bytes(constant.dtype());
  }
}

NativeProgram::~NativeProgram() = default;

void NativeProgram::prepare(const Sizes& now) {
  const int threads = static_cast<int>(thread_count());
  sizes_ = now;
  // Room for the longest past: a decode step prepares nothing.
  Sizes sizes = now;
  sizes.past = std::max(now.past, now.capacity - now.tokens);
  if (sizes == prepared_for_ && threads == threads_) return;
  prepared_for_ = sizes;
  threads_ = threads;
  // Buffers of one node lie one after another; those of another node may lie over them.
  std::size_t end = 0;
  std::size_t of_graph = 0;
  std::size_t added_bytes = 0;
  added_.clear();
  for (const AddedBuffer& added : code_.added) {
    const Buffer& buffer = code_.graph.buffers[static_cast<std::size_t>(added.buffer)];
    if (std::exchange(of_graph, added.of_graph) != added.of_graph) end = 0;
    added_.push_back({added.buffer, end});
    end += rounded_up(static_cast<std::size_t>(product(buffer.shape).at(sizes)) * size_bytes(buffer.dtype));
    added_bytes = std::max(added_bytes, end);
  }
  scratch_stride_ = 0;
  for (const std::vector<Expression>& parts : code_.scratch_floats) {
    std::int64_t floats = 0;
    for (const Expression& part : parts) floats += part.at(sizes);
    scratch_stride_ = std::max(scratch_stride_, floats);
  }
  constexpr std::int64_t floats_a_line = alignment / sizeof(float);
  scratch_stride_ = (scratch_stride_ + floats_a_line - 1) / floats_a_line * floats_a_line;
  const std::size_t bytes = added_bytes + static_cast<std::size_t>(scratch_stride_ * threads) * sizeof(float);
  if (memory_ == nullptr || memory_->size_bytes() < bytes) {
    memory_.reset();
    memory_ = std::make_unique<Storage>(bytes);
  }
  for (const AddedPlace& place : added_)
    addresses_[static_cast<std::size_t>(place.buffer)] = memory_->data() + place.offset;
  scratch_ = reinterpret_cast<float*>(memory_->data() + added_bytes);
}

void NativeProgram::run(const Sizes& sizes, std::span<std::byte* const> buffers, CallRunner& calls) {
  prepare(sizes);
  for (std::size_t i = 0; i < buffers.size(); ++i)
    if (!code_.graph.buffers[i].tensor.defined()) addresses_[i] = buffers[i];
  calls_ = &calls;
  if (profiling_) {
    profiled_runs_.push_back({.sizes = sizes, .marks = {}});
    profiled_runs_.back().marks.reserve(code_.steps.size() + 1);
  }
  bad_id_ = no_bad_id;
  const Launch call{.batch = sizes.batch,
                    .tokens = sizes.tokens,
                    .past = sizes.past,
                    .capacity = sizes.capacity,
                    .buffers = reinterpret_cast<char* const*>(addresses_.data()),
                    .scratch = scratch_,
                    .scratch_stride = scratch_stride_,
                    .threads = threads_,
                    .arrivals = &arrivals_,
                    .bad_id = &bad_id_,
                    .engine = this,
                    .in_parallel = in_parallel,
                    .run_node = run_node_of,
                    .run_part = run_part_of,
                    .mark = profiling_ ? mark_of : nullptr};
  entry_(&call);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (bad_id_ != no_bad_id) fail("take_rows: the id {} is outside of the table", bad_id_);
}

void NativeProgram::mark_of(void* engine, int step) {
  static_cast<NativeProgram*>(engine)->profiled_runs_.back().marks.push_back({step, monotonic_now_ns()});
}

OperationSpan NativeProgram::span_of(const StepFacts& facts, const Sizes& sizes) const {
  OperationSpan span{
      .name = facts.name, .kind = facts.generated ? "group" : "call", .inputs = {}, .outputs = {}};
  const auto add = [&](const View& view, std::string& text) {
    const Dtype dtype = code_.graph.buffers[static_cast<std::size_t>(view.buffer)].dtype;
    const Shape shape = dims_at(view.shape, sizes);
    const Strides strides = dims_at(view.strides, sizes);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name(dtype), to_string(shape));
    return bytes_of(dtype, shape, strides);
  };
  for (const View& view : facts.inputs) {
    const std::int64_t bytes = add(view, span.inputs);
    const bool looked_up = facts.takes_rows && &view == facts.inputs.data();
    span.bytes += looked_up ? 0 : bytes;
  }
  for (const View& view : facts.outputs) {
    const std::int64_t bytes = add(view, span.outputs);
    span.bytes += facts.takes_rows ? 2 * bytes : bytes;
  }
  return span;
}

std::vector<OperationSpan> NativeProgram::take_spans() {
  std::vector<OperationSpan> spans;
  for (const ProfiledRun& run : profiled_runs_) {
    // A step lasts until the next one begins: what the team waits for at its barrier is part of it.
    for (std::size_t i = 0; i + 1 < run.marks.size(); ++i) {
      if (run.marks[i].step < 0) continue;
      spans.push_back(span_of(code_.steps[static_cast<std::size_t>(run.marks[i].step)], run.sizes));
      spans.back().start_ns = run.marks[i].at_ns;
      spans.back().end_ns = run.marks[i + 1].at_ns;
    }
  }
  profiled_runs_.clear();
  return spans;
}

void NativeProgram::in_parallel(void* /*engine*/, void (*body)(const Launch*, int), const Launch* call) {
  *call->arrivals = 0;
  on_team(call->threads, [&](const TeamThread& thread) {
    Launch mine = *call;
    mine.threads =
        static_cast<int>(thread.count);  // a nested or limited region has fewer than were asked for
    body(&mine, static_cast<int>(thread.index));
  });
}

// No exception may pass through generated code: the first one waits until it has returned.
void NativeProgram::note_failure() {
  const std::lock_guard guard(failing_);
  if (!failure_) failure_ = std::current_exception();
}

void NativeProgram::run_node_of(void* engine, int node) {
  auto& self = *static_cast<NativeProgram*>(engine);
  try {
    self.run_node(self.code_.host_nodes[static_cast<std::size_t>(node)]);
  } catch (...) {
    self.note_failure();
  }
}

void NativeProgram::run_part_of(void* engine, int node, Team* team) {
  auto& self = *static_cast<NativeProgram*>(engine);
  const TeamPart part{
      .thread = team->thread, .threads = team->threads, .team = team, .wait_for_all = [](void* of) {
        wait_for_all(*static_cast<Team*>(of));
      }};
  try {
    self.calls_->run_call_part(self.code_.host_nodes[static_cast<std::size_t>(node)].of_graph, part);
  } catch (...) {
    self.note_failure();
  }
}

void NativeProgram::run_node(const HostNode& host) {
  if (host.node.kind == NodeKind::product) return run_product(host.node);
  if (host.node.kind == NodeKind::group) return run_product_with_epilogue(host.node);
  if (host.node.kind == NodeKind::matmul) return run_matmul(host.node);
  calls_->run_call(host.of_graph);
}

std::byte* NativeProgram::address(const View& view) const {
  if (!view.defined()) return nullptr;
  const auto index = static_cast<std::size_t>(view.buffer);
  return addresses_[index] +
         static_cast<std::size_t>(view.offset.at(sizes_)) * size_bytes(code_.graph.buffers[index].dtype);
}

void NativeProgram::run_product(const Node& node) {
  for (std::size_t i = 0; i < node.outputs.size(); ++i) multiply(panel_product(node, i));
}

void NativeProgram::run_product_with_epilogue(const Node& group) {
  const Node& node = group.body[0];
  const ProductEpilogue epilogue = *product_epilogue(code_.graph, node, std::span(group.body).subspan(1));
  PanelProduct product = panel_product(node, epilogue.main);
  product.fusion.activation = epilogue.activation;
  product.fusion.other = epilogue.other;
  product.out = address(epilogue.out);
  if (epilogue.other == ProductFusion::Other::multiply)
    return multiply_gated(product, panel_product(node, 1 - epilogue.main));
  if (epilogue.other == ProductFusion::Other::add) product.other = address(epilogue.operand);
  multiply(product);
}

PanelProduct NativeProgram::panel_product(const Node& node, std::size_t output) const {
  const View& x = node.inputs[0];
  std::int64_t rows = 1;
  for (std::size_t dim = 0; dim + 1 < x.shape.size(); ++dim) rows *= x.shape[dim].at(sizes_);
  const View& weight = node.inputs[1 + 2 * output];
  const std::byte* bias = address(node.inputs[2 + 2 * output]);
  const View& out = node.outputs[output];
  const bool is_local = code_.graph.buffers[static_cast<std::size_t>(out.buffer)].kind == BufferKind::local;
  return {.weight = panels_of(code_.graph.buffers[static_cast<std::size_t>(weight.buffer)].tensor),
          .rows = rows,
          .fusion = {.bias = bias != nullptr, .activation = {}, .other = ProductFusion::Other::none},
          .x = address(x),
          .bias = bias,
          .other = nullptr,
          .out = is_local ? nullptr : address(out)};
}

bool NativeProgram::runs_own_loops(const PanelProduct& product) const {
  return code_.choices.own_products || !library_multiplies(product.weight.dtype);
}

void NativeProgram::multiply(const PanelProduct& product) {
  if (!runs_own_loops(product)) return onednn_.multiply(product);
  const LinearTarget target{.weight = product.weight,
                            .bias = product.bias,
                            .activation = product.fusion.activation,
                            .residual = product.other,
                            .out = product.out};
  run_own_loops(product, target);
}

/// The library stores `value`, where it multiplies the gate by it; our own loops do both at once.
void NativeProgram::multiply_gated(PanelProduct gate, const PanelProduct& value) {
  if (!runs_own_loops(gate)) {
    onednn_.multiply(value);
    gate.other = value.out;
    return onednn_.multiply(gate);
  }
  const GatedTarget target{.gate = gate.weight,
                           .up = value.weight,
                           .gate_bias = gate.bias,
                           .up_bias = value.bias,
                           .activation = *gate.fusion.activation,
                           .out = gate.out};
  run_own_loops(gate, target);
}

template <class Target>
void NativeProgram::run_own_loops(const PanelProduct& product, const Target& target) {
  const RowLayout layout{.rows = product.rows, .depth = product.weight.depth};
  const ProductInput input =
      lay_out_rows(product.weight.dtype, product.x, layout, row_scratch_.reserve(layout.rows * layout.depth));
  bv2::engine::in_parallel(task_count(input, target), [&](std::int64_t begin, std::int64_t end) {
    multiply_panels(input, target, begin, end);
  });
}

Tensor NativeProgram::tensor(const View& view) const {
  const auto index = static_cast<std::size_t>(view.buffer);
  const Buffer& buffer = code_.graph.buffers[index];
  const Shape shape = dims_at(view.shape, sizes_);
  const Strides strides = dims_at(view.strides, sizes_);
  const std::int64_t offset = view.offset.at(sizes_);
  if (buffer.tensor.defined())
    return {buffer.tensor.storage(), buffer.dtype, shape, strides, buffer.tensor.offset() + offset};
  // How large the buffer is its owner knows; tensors check nothing.
  constexpr std::size_t reach = std::numeric_limits<std::size_t>::max() / 2;
  return {std::make_shared<Storage>(std::span(addresses_[index], reach)), buffer.dtype, shape, strides,
          offset};
}

void NativeProgram::run_matmul(const Node& node) {
  const std::array inputs{tensor(node.inputs[0]), tensor(node.inputs[1])};
  const Tensor result = matmuls_.execute({BasicOp::matmul, inputs, {}});
  eager::copy_elements(tensor(node.outputs[0]), result);
}

ProgramReport NativeProgram::report() const {
  return {.functions = code_.functions,
          .generated_steps = code_.generated_steps,
          .host_steps = code_.host_steps,
          .from_cache = loaded_.from_cache,
          .scratch_bytes = memory_ == nullptr ? 0 : memory_->size_bytes()};
}

}  // namespace bv2::engine::compiled
