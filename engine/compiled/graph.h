// The graph that compiled mode works on: nodes in the order in which they run, over buffers seen through
// strided views. What the tracer makes, passes rewrite, the planner places in memory and the emitter prints.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compiled/expression.h"
#include "engine/ops/context.h"
#include "engine/ops/team_part.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine::compiled {

/// Index into Graph::buffers.
using BufferId = std::int32_t;
constexpr BufferId no_buffer = -1;

enum class BufferKind {
  input,      ///< the caller's, read only: ids, padding
  constant,   ///< a weight: Buffer::tensor
  state,      ///< the caller's, lasting from call to call and written in place: the key/value cache
  temporary,  ///< in the arena
  local,      ///< lives inside one group and needs no memory of its own
};

/// A flat run of elements of one dtype.
struct Buffer {
  BufferKind kind = BufferKind::temporary;
  Dtype dtype = Dtype::float32;
  std::vector<Expression> shape{};  ///< row-major; views may see it otherwise
  std::string name{};               ///< of inputs and states: "ids", "keys.0"
  Tensor tensor{};                  ///< of constants; may be packed in panels (engine/kernels/panels.h)
};

/// Elements of a buffer, seen with a shape and strides (in elements; 0 where a value repeats).
struct View {
  BufferId buffer = no_buffer;  ///< no_buffer: an optional input that is not there
  std::vector<Expression> shape{};
  std::vector<Expression> strides{};
  Expression offset{};

  [[nodiscard]] bool defined() const { return buffer != no_buffer; }
  friend bool operator==(const View&, const View&) = default;
};

enum class NodeKind {
  /// Node::op of cast .. maximum, or `contiguous` (a copy): every input is broadcast to the output's shape,
  /// so that element i of the output depends on element i of each input. A cast's dtype is the output's.
  elementwise,
  /// Node::op is sum, mean, max or argmax over the last dimension: [.., n] -> [.., 1]. In float32.
  reduction,
  /// [.., M, K] x [.., K, N] -> [.., M, N], equal leading dimensions (broadcast by strides).
  matmul,
  /// Linear layers of one input: x [rows .., K], then weight [N_i, K] and bias [N_i] (or undefined) for each
  /// output [rows .., N_i]. Weights are constants as the model holds them.
  product,
  /// table [rows, width] (a constant, perhaps packed), ids [..] -> [.., width].
  take_rows,
  /// BasicOp::attention_mask: padding or undefined -> [rows, 1, tokens, keys].
  attention_mask,
  /// A layer operation that stays whole: Node::call says which.
  call,
  /// Nodes that run together, row by row: Node::body.
  group,
};

class Call;

/// One step. Reads its inputs, writes its outputs, nothing else.
struct Node {
  NodeKind kind = NodeKind::elementwise;
  BasicOp op = BasicOp::contiguous;
  std::vector<View> inputs{};
  std::vector<View> outputs{};
  double scalar = 0;                   ///< of add_scalar and mul_scalar
  bool causal = false;                 ///< of attention_mask
  std::int64_t window = 0;             ///< of attention_mask
  std::shared_ptr<const Call> call{};  ///< of calls
  std::vector<Expression> numbers{};   ///< of calls: what they are told besides tensors

  /// Of groups: element-wise nodes, reductions and at most one product, in order. The shapes of all their
  /// views begin with the same `row_rank` sizes (the output's decide; the rows of inputs may have stride 0);
  /// rows are independent of each other, so that any number of threads may share them out. What follows the
  /// rows is each node's own. Inputs and outputs of a group are those of its body that are not local.
  std::vector<Node> body{};
  std::size_t row_rank = 0;
};

/// How a call goes with a parallel region that is running already.
enum class InTeam {
  no,      ///< it starts threads of its own: the region ends before it
  one,     ///< it is short: one thread does it while the others wait
  shared,  ///< all threads take part: Call::run_part
};

/// A layer operation that stays whole in the graph, with its parameters.
class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;
  /// "attention"
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// What distinguishes it from others of its name, as text: "scale=0.125, causal".
  [[nodiscard]] virtual std::string parameters() const = 0;
  /// Whether both compute the same from the same inputs.
  [[nodiscard]] virtual bool equals(const Call& other) const {
    return name() == other.name() && parameters() == other.parameters();
  }
  /// Does it now: `inputs` (undefined where the view is) and `outputs` are the node's views as tensors,
  /// `numbers` the node's at this call's sizes.
  virtual void run(Context& context, std::span<const std::int64_t> numbers, std::span<const Tensor> inputs,
                   std::span<const Tensor> outputs) const = 0;
  [[nodiscard]] virtual InTeam in_team() const { return InTeam::no; }
  /// Bytes that run_part needs besides its tensors, for inputs of at most these shapes (empty ones where an
  /// input is not there).
  [[nodiscard]] virtual std::size_t scratch_bytes(std::span<const Shape> /*inputs*/, Dtype /*dtype*/,
                                                  int /*threads*/) const {
    return 0;
  }
  /// One thread's part of what `run` does; allocates nothing. Only where in_team() is `shared`.
  virtual void run_part(std::span<const Tensor> /*inputs*/, std::span<const Tensor> /*outputs*/,
                        std::span<std::byte> /*scratch*/, const TeamPart& /*part*/) const {}
};

struct Graph {
  std::string name{};       ///< "prefill", "decode"
  Sizes fixed{0, 0, 0, 0};  ///< symbols that are not open have their value here, open ones 0
  std::vector<Buffer> buffers{};
  std::vector<Node> nodes{};  ///< in the order in which they run
  std::vector<View> results{};
};

/// Calls visit(view) for each defined input (output) of a node, of its body too, but not of local buffers.
template <class Visit>
void for_each_input(const Graph& graph, const Node& node, const Visit& visit);
template <class Visit>
void for_each_output(const Graph& graph, const Node& node, const Visit& visit);

/// A row-major view of the whole of a new buffer.
View add_buffer(Graph& graph, Buffer buffer);
std::vector<Expression> row_major_strides(const std::vector<Expression>& shape);
/// Whether the elements lie one after another without gaps; sizes of 1 do not matter.
bool is_contiguous(const View& view);
/// Whether it is the whole buffer, row-major.
bool covers(const Graph& graph, const View& view);
std::string_view name(NodeKind kind);

/// Throws Error naming the node where a graph breaks the rules above: undefined buffers, shapes that differ,
/// results of nothing, a local buffer used by two groups.
void check(const Graph& graph);

/// The graph to read: one line a node, buffers as %0 with dtype and shape where they are written, views that
/// are not the whole buffer as %0[sizes : strides @ offset]. Constants are numbered in the order of their
/// first use, so that equal graphs give equal texts.
std::string to_text(const Graph& graph);

template <class Visit>
void for_each_input(const Graph& graph, const Node& node, const Visit& visit) {
  for (const View& view : node.inputs)
    if (view.defined() && graph.buffers.at(static_cast<std::size_t>(view.buffer)).kind != BufferKind::local)
      visit(view);
  for (const Node& inner : node.body) for_each_input(graph, inner, visit);
}

template <class Visit>
void for_each_output(const Graph& graph, const Node& node, const Visit& visit) {
  for (const View& view : node.outputs)
    if (graph.buffers.at(static_cast<std::size_t>(view.buffer)).kind != BufferKind::local) visit(view);
  for (const Node& inner : node.body) for_each_output(graph, inner, visit);
}

}  // namespace bv2::engine::compiled
