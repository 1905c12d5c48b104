// Element-wise operations and reductions over the same rows become one group.
#include <algorithm>
#include <map>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/rows.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

bool is_fusable(const Node& node) {
  return node.kind == NodeKind::elementwise ||
         (node.kind == NodeKind::reduction && node.op != BasicOp::argmax);
}

Node group_of(Node node, std::size_t rows) {
  Node group{.kind = NodeKind::group};
  group.body.push_back(std::move(node));
  group.row_rank = rows;
  return group;
}

/// Forms groups from the first node to the last: a node joins the latest group of its rows that it can be
/// moved to.
class Fuser {
 public:
  explicit Fuser(Graph& graph) : graph_(graph) {}

  void run() {
    std::vector<Node> nodes;
    std::swap(nodes, graph_.nodes);
    for (Node& node : nodes) place(std::move(node));
  }

 private:
  // How far back a group is looked for: what follows a layer's products is near.
  static constexpr std::size_t farthest = 12;

  void place(Node node) {
    if (!is_fusable(node)) {
      graph_.nodes.push_back(std::move(node));
      return;
    }
    for (std::size_t back = 1; back <= std::min(farthest, graph_.nodes.size()); ++back) {
      Node& earlier = graph_.nodes[graph_.nodes.size() - back];
      if (earlier.kind == NodeKind::group && joins(earlier, node)) {
        earlier.body.push_back(std::move(node));
        return;
      }
      if (conflicts(earlier, node)) break;
    }
    const std::size_t rows = row_count(node);
    graph_.nodes.push_back(group_of(std::move(node), rows));
  }

  /// Whether one has to stay behind the other.
  static bool conflicts(const Node& earlier, const Node& node) {
    bool found = false;
    const auto writes = [&](const Node& writer, const Node& other, bool outputs_too) {
      for_each_output_view(writer, [&](const View& written) {
        const auto same = [&](const View& view) { found = found || view.buffer == written.buffer; };
        for_each_input_view(other, same);
        if (outputs_too) for_each_output_view(other, same);
      });
    };
    writes(earlier, node, true);
    writes(node, earlier, false);
    return found;
  }

  static bool joins(const Node& group, const Node& node) {
    return has_rows(node, group.row_rank, group.body.front().outputs[0].shape) && keeps_rows(group, node);
  }

  Graph& graph_;
};

/// Buffers that only one group uses need no memory.
void make_local(Graph& graph) {
  const std::vector<BufferUses> uses = uses_of(graph);
  for (std::size_t id = 0; id < graph.buffers.size(); ++id) {
    Buffer& buffer = graph.buffers[id];
    const BufferUses& use = uses[id];
    if (buffer.kind != BufferKind::temporary || use.writers.size() != 1 || use.readers != use.writers)
      continue;
    if (graph.nodes[use.writers[0]].kind == NodeKind::group) buffer.kind = BufferKind::local;
  }
}

}  // namespace

void fuse(Graph& graph) {
  Fuser(graph).run();
  make_local(graph);
}

}  // namespace bv2::engine::compiled
