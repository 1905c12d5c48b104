// Element-wise results take the place of an input that nothing needs afterwards.
#include <algorithm>
#include <optional>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/passes/uses.h"

namespace bv2::engine::compiled {
namespace {

std::vector<const Node*> parts_of(const Node& node) {
  if (node.kind != NodeKind::group) return {&node};
  std::vector<const Node*> parts;
  for (const Node& inner : node.body) parts.push_back(&inner);
  return parts;
}

bool reads(const Node& node, BufferId id) {
  return std::ranges::any_of(node.inputs, [&](const View& view) { return view.buffer == id; });
}

class InPlace {
 public:
  explicit InPlace(Graph& graph) : graph_(graph), uses_(uses_of(graph)), replaced_(graph.buffers.size()) {
    for (std::size_t i = 0; i < replaced_.size(); ++i) replaced_[i] = static_cast<BufferId>(i);
  }

  void run() {
    for (index_ = 0; index_ < graph_.nodes.size(); ++index_) {
      Node& node = graph_.nodes[index_];
      rename(node);
      if (node.kind != NodeKind::group && node.kind != NodeKind::elementwise) continue;
      for (const View& output : outputs_of(node)) {
        const std::optional<BufferId> input = place_for(node, output);
        if (input) replace(node, output.buffer, *input);
      }
    }
    for (View& view : graph_.results) rename(view);
  }

 private:
  void rename(View& view) { view.buffer = replaced_[static_cast<std::size_t>(view.buffer)]; }
  void rename(Node& node) {
    const auto visit = [&](View& view) { rename(view); };
    for_each_input_view(node, visit);
    for_each_output_view(node, visit);
  }

  BufferUses& uses(BufferId id) { return uses_[static_cast<std::size_t>(id)]; }

  /// What element-wise nodes write into buffers that this node alone writes, once.
  std::vector<View> outputs_of(const Node& node) {
    std::vector<View> outputs;
    for (const Node* part : parts_of(node)) {
      if (part->kind != NodeKind::elementwise) continue;
      const View& output = part->outputs[0];
      const bool is_alone = buffer_of(graph_, output).kind == BufferKind::temporary &&
                            uses(output.buffer).writers == std::vector{index_};
      const auto writers = std::ranges::count_if(parts_of(node), [&](const Node* other) {
        return std::ranges::any_of(other->outputs,
                                   [&](const View& view) { return view.buffer == output.buffer; });
      });
      if (is_alone && writers == 1) outputs.push_back(output);
    }
    return outputs;
  }

  /// An input that ends here, of the same elements in the same places.
  std::optional<BufferId> place_for(const Node& node, const View& output) {
    const std::vector<const Node*> parts = parts_of(node);
    const auto writer = std::ranges::find_if(
        parts, [&](const Node* part) { return part->outputs[0].buffer == output.buffer; });
    for (const Node* part : parts) {
      for (const View& input : part->inputs)
        if (input.defined() && same_place(input, output) && ends_here(input.buffer) &&
            is_overwritten_in_order(parts, input, **writer))
          return input.buffer;
      if (part == *writer) break;
    }
    return std::nullopt;
  }

  bool same_place(const View& input, const View& output) const {
    View place = input;
    place.buffer = output.buffer;
    const Buffer& old = buffer_of(graph_, input);
    const Buffer& made = buffer_of(graph_, output);
    return place == output && old.dtype == made.dtype && product(old.shape) == product(made.shape);
  }

  bool ends_here(BufferId id) {
    const BufferUses& of = uses(id);
    return graph_.buffers[static_cast<std::size_t>(id)].kind == BufferKind::temporary &&
           of.readers.back() == index_ && !of.writers.empty() && of.writers.back() < index_;
  }

  /// Whether each element is read, by all who read it, before the writer writes it.
  [[nodiscard]] bool is_overwritten_in_order(const std::vector<const Node*>& parts, const View& input,
                                             const Node& writer) const {
    // What surrounds a product runs in pieces of columns, on different threads.
    const bool has_product =
        std::ranges::any_of(parts, [](const Node* part) { return part->kind == NodeKind::product; });
    // A library may sum in the result's memory before it reads what is added.
    if (has_product && graph_.fixed.tokens != 1) return false;
    bool is_written = false;
    for (const Node* part : parts) {
      if (reads(*part, input.buffer)) {
        if (is_written || (has_product && part != &writer)) return false;
        for (const View& view : part->inputs)
          if (view.buffer == input.buffer && !(view == input)) return false;
      }
      is_written = is_written || part == &writer;
    }
    return true;
  }

  void replace(Node& node, BufferId from, BufferId to) {
    replaced_[static_cast<std::size_t>(from)] = to;
    rename(node);
    BufferUses& of = uses(to);
    of.writers.push_back(index_);
    for (const std::size_t reader : uses(from).readers)
      if (reader != index_) of.readers.push_back(reader);
    uses(from) = {};
  }

  Graph& graph_;
  std::vector<BufferUses> uses_;
  std::vector<BufferId> replaced_;
  std::size_t index_ = 0;
};

}  // namespace

void reuse_in_place(Graph& graph) { InPlace(graph).run(); }

}  // namespace bv2::engine::compiled
