// What the functions of a generated file have in common: sizes, buffers by number, and rows.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/compiled/code_text.h"
#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// Buffers that a function uses, in the order of their first use: it finds their numbers in `at`, so that
/// layers of one structure share it.
class BufferArguments {
 public:
  explicit BufferArguments(const Graph& graph) : graph_(graph) {}
  /// The name of the pointer: "b0".
  std::string name(BufferId buffer);
  [[nodiscard]] const std::vector<BufferId>& buffers() const { return buffers_; }
  /// A line for each pointer, with the buffer's shape.
  void declare(CodeText& code) const;
  [[nodiscard]] const Buffer& buffer(BufferId id) const {
    return graph_.buffers[static_cast<std::size_t>(id)];
  }
  [[nodiscard]] const Graph& graph() const { return graph_; }

 private:
  const Graph& graph_;
  std::vector<BufferId> buffers_;
};

/// Weights that a function streams: panels from number `first` on are those of that buffer.
struct PanelRun {
  std::int64_t first = 0;
  BufferId buffer = no_buffer;
  std::int64_t panel_bytes = 0;
};

/// One generated function and what calls of it pass.
struct Function {
  std::string name;                        ///< without its number: "cast_mul_mean"
  std::string body;                        ///< everything but its name
  std::vector<BufferId> arguments;         ///< the buffers of one call
  std::vector<Expression> scratch_floats;  ///< of a thread: their sum
  std::vector<PanelRun> weights{};         ///< where a thread begins to read them; empty: it streams none
  std::int64_t panels = 0;                 ///< of all weights
};

/// "[batch, tokens, 576]"
std::string shape_text(const std::vector<Expression>& shape);
/// offset + sum of index[i] * strides[i], without what is zero; "0" for nothing.
std::string index_text(const Expression& offset, std::span<const Expression> strides,
                       std::span<const std::string> index);
/// In parentheses unless it is a single word.
std::string factor_text(const Expression& expression);
/// Lines that give the sizes' names their values.
void declare_sizes(CodeText& code);
/// Lines i0, i1, ... of the row number `row`; the names, "0" for sizes of 1.
std::vector<std::string> declare_row_index(CodeText& code, std::span<const Expression> rows);

}  // namespace bv2::engine::compiled
