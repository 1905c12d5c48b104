// Element-wise operations on joined tensors are done on the parts.
#include <algorithm>
#include <map>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

/// A part of a joined buffer: elements [begin, end) of the last dimension, and where they come from.
struct Part {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  View source;  // of the part's shape
};

using Parts = std::vector<Part>;

bool is_whole(const Graph& graph, const View& view) {
  const Buffer& buffer = buffer_of(graph, view);
  return view.shape == buffer.shape && view.offset.is_number(0) &&
         view.strides == row_major_strides(buffer.shape);
}

/// Whether the two are the same but for where in the last dimension they begin and end.
bool same_rows(const View& a, const View& b) {
  return a.strides == b.strides && a.shape.size() == b.shape.size() &&
         std::equal(a.shape.begin(), a.shape.end() - 1, b.shape.begin());
}

View sliced(View view, std::int64_t begin, std::int64_t end) {
  view.offset += view.strides.back() * begin;
  view.shape.back() = end - begin;
  return view;
}

class Splitter {
 public:
  explicit Splitter(Graph& graph) : graph_(graph), uses_(uses_of(graph)) {}

  /// Whether anything was split.
  bool run() {
    std::vector<Node> nodes;
    std::swap(nodes, graph_.nodes);
    find_joins(nodes);
    for (Node& node : nodes) {
      if (is_join_copy(node)) continue;  // written where it is needed whole
      if (node.kind == NodeKind::elementwise && split(node)) continue;
      for_each_input_view(node, [&](const View& view) { write_whole(view.buffer); });
      graph_.nodes.push_back(std::move(node));
    }
    for (const View& view : graph_.results) write_whole(view.buffer);
    return any_;
  }

 private:
  /// Temporary buffers that copies write side by side along the last dimension, read by element-wise nodes.
  void find_joins(const std::vector<Node>& nodes) {
    for (std::size_t id = 0; id < graph_.buffers.size(); ++id) {
      const Buffer& buffer = graph_.buffers[id];
      if (buffer.kind != BufferKind::temporary || uses_[id].writers.size() < 2) continue;
      if (std::optional<Parts> parts = parts_of(nodes, static_cast<BufferId>(id)))
        joined_.emplace(static_cast<BufferId>(id), std::move(*parts));
    }
    // A join whose parts are joins themselves waits for them.
    std::erase_if(joined_, [&](const auto& entry) {
      for (const Part& part : entry.second)
        if (joined_.contains(part.source.buffer)) return true;
      return false;
    });
  }

  std::optional<Parts> parts_of(const std::vector<Node>& nodes, BufferId id) const {
    const Buffer& buffer = graph_.buffers[static_cast<std::size_t>(id)];
    Parts parts;
    std::int64_t reached = 0;
    for (const std::size_t writer : uses_[static_cast<std::size_t>(id)].writers) {
      const Node& node = nodes[writer];
      if (node.kind != NodeKind::elementwise || node.op != BasicOp::contiguous) return std::nullopt;
      const View& to = node.outputs[0];
      if (to.strides != row_major_strides(buffer.shape) || !to.offset.is_number(reached) ||
          !to.shape.back().is_number())
        return std::nullopt;
      const std::int64_t end = reached + to.shape.back().value();
      parts.push_back({reached, end, node.inputs[0]});
      reached = end;
    }
    if (!buffer.shape.back().is_number(reached)) return std::nullopt;
    return parts;
  }

  bool is_join_copy(const Node& node) const {
    return node.kind == NodeKind::elementwise && joined_.contains(node.outputs[0].buffer);
  }

  const Parts* parts_read(const Node& node) const {
    for (const View& view : node.inputs) {
      const auto found = joined_.find(view.buffer);
      if (found != joined_.end() && is_whole(graph_, view)) return &found->second;
    }
    return nullptr;
  }

  /// Replaces the node by one for each part; joined inputs are read at their source.
  bool split(const Node& node) {
    const Parts* found = parts_read(node);
    if (found == nullptr) return false;
    const Parts parts = *found;
    const bool into_parts = is_whole(graph_, node.outputs[0]) &&
                            buffer_of(graph_, node.outputs[0]).kind == BufferKind::temporary &&
                            uses_[static_cast<std::size_t>(node.outputs[0].buffer)].writers.size() == 1;
    Parts results;
    for (const Part& part : parts) {
      Node piece = node;
      for (View& input : piece.inputs) input = part_of(input, part);
      piece.outputs[0] =
          into_parts ? new_part(node.outputs[0], part) : sliced(node.outputs[0], part.begin, part.end);
      results.push_back({part.begin, part.end, piece.outputs[0]});
      graph_.nodes.push_back(std::move(piece));
    }
    if (into_parts) {
      refine(node.outputs[0].buffer, results);
      joined_.emplace(node.outputs[0].buffer, std::move(results));
    }
    any_ = true;
    return true;
  }

  /// Joins that have this buffer as a part have its parts instead, now that it is in parts itself (the
  /// rotated ones of a head's dimensions, joined with the others).
  void refine(BufferId id, const Parts& own) {
    for (auto& [join, parts] : joined_) {
      Parts refined;
      for (const Part& part : parts) {
        if (part.source.buffer != id || !is_whole(graph_, part.source)) {
          refined.push_back(part);
          continue;
        }
        for (const Part& piece : own)
          refined.push_back({part.begin + piece.begin, part.begin + piece.end, piece.source});
      }
      parts = std::move(refined);
    }
  }

  View part_of(const View& input, const Part& part) {
    const auto found = joined_.find(input.buffer);
    if (found != joined_.end() && is_whole(graph_, input)) {
      for (const Part& own : found->second) {
        if (own.begin != part.begin || own.end != part.end) continue;
        const View source = own.source;
        write_whole(source.buffer);
        return source;
      }
    }
    write_whole(input.buffer);
    return sliced(input, part.begin, part.end);
  }

  View new_part(const View& whole, const Part& part) {
    std::vector<Expression> shape = whole.shape;
    shape.back() = part.end - part.begin;
    return add_buffer(
        graph_, {.kind = BufferKind::temporary, .dtype = buffer_of(graph_, whole).dtype, .shape = shape});
  }

  /// Copies the parts together, once, before something needs them so.
  void write_whole(BufferId id) {
    const auto found = joined_.find(id);
    if (found == joined_.end()) return;
    const Buffer& buffer = graph_.buffers[static_cast<std::size_t>(id)];
    const View whole{
        .buffer = id, .shape = buffer.shape, .strides = row_major_strides(buffer.shape), .offset = 0};
    const Parts parts = std::move(found->second);
    joined_.erase(found);
    for (const Part& part : parts) write_whole(part.source.buffer);
    for (const Part& part : parts)
      graph_.nodes.push_back({.op = BasicOp::contiguous,
                              .inputs = {part.source},
                              .outputs = {sliced(whole, part.begin, part.end)}});
  }

  Graph& graph_;
  std::vector<BufferUses> uses_;
  std::map<BufferId, Parts> joined_;
  bool any_ = false;
};

/// Splits the writers of buffers that are only read in parts: the parts have no need of one memory then.
class WriterSplitter {
 public:
  explicit WriterSplitter(Graph& graph) : graph_(graph), uses_(uses_of(graph)), views_(graph.buffers.size()) {
    for (Node& node : graph.nodes)
      for_each_input_view(
          node, [&](View& view) { views_[static_cast<std::size_t>(view.buffer)].push_back(&view); });
    for (View& view : graph.results) views_[static_cast<std::size_t>(view.buffer)].push_back(&view);
  }

  bool run() {
    bool any = false;
    std::vector<Node> nodes;
    for (Node& node : graph_.nodes) {
      const std::vector<std::int64_t> ends = ends_of(node);
      any = any || !ends.empty();
      if (ends.empty())
        nodes.push_back(std::move(node));
      else
        split(node, ends, nodes);
    }
    graph_.nodes = std::move(nodes);
    return any;
  }

 private:
  /// Where the parts end that the readers of the node's output read; empty where it cannot be split.
  std::vector<std::int64_t> ends_of(const Node& node) const {
    const View& to = node.outputs[0];
    const auto id = static_cast<std::size_t>(to.buffer);
    if (node.kind != NodeKind::elementwise || id >= views_.size() || !is_whole(graph_, to) ||
        buffer_of(graph_, to).kind != BufferKind::temporary || uses_[id].writers.size() != 1)
      return {};
    std::map<std::int64_t, std::int64_t> parts;  // begin -> end
    for (const View* view : views_[id]) {
      // One head has the same strides before and after its transposition, not the same shape.
      if (!same_rows(*view, to) || !view->offset.is_number() || !view->shape.back().is_number()) return {};
      const std::int64_t begin = view->offset.value();
      const auto [entry, is_new] = parts.emplace(begin, begin + view->shape.back().value());
      if (entry->second != begin + view->shape.back().value()) return {};
    }
    std::vector<std::int64_t> ends;
    std::int64_t reached = 0;
    for (const auto& [begin, end] : parts) {
      if (begin != reached) return {};
      ends.push_back(reached = end);
    }
    return ends.size() > 1 && to.shape.back().is_number(reached) ? ends : std::vector<std::int64_t>();
  }

  void split(const Node& node, const std::vector<std::int64_t>& ends, std::vector<Node>& nodes) {
    const View whole = node.outputs[0];
    const std::vector<View*> readers = views_[static_cast<std::size_t>(whole.buffer)];
    std::int64_t begin = 0;
    for (const std::int64_t end : ends) {
      Node piece = node;
      for (View& input : piece.inputs) input = sliced(input, begin, end);
      std::vector<Expression> shape = whole.shape;
      shape.back() = end - begin;
      const Dtype dtype = buffer_of(graph_, whole).dtype;
      piece.outputs[0] = add_buffer(graph_, {.kind = BufferKind::temporary, .dtype = dtype, .shape = shape});
      for (View* reader : readers)
        if (reader->buffer == whole.buffer && reader->offset.is_number(begin)) *reader = piece.outputs[0];
      nodes.push_back(std::move(piece));
      begin = end;
    }
  }

  Graph& graph_;
  std::vector<BufferUses> uses_;
  std::vector<std::vector<View*>> views_;
};

}  // namespace

void split_joins(Graph& graph) {
  // Joins of joins need a turn each: rotation of a part of a head is one.
  constexpr int most_turns = 4;
  for (int turn = 0; turn < most_turns && Splitter(graph).run(); ++turn) remove_dead(graph);
  // From the last writer back: its inputs are read in parts once it is split.
  for (int turn = 0; turn < most_turns && WriterSplitter(graph).run(); ++turn) remove_dead(graph);
}

}  // namespace bv2::engine::compiled
