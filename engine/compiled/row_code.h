// Code for element-wise nodes and reductions over common rows: loops over the elements of one row.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/compiled/function_code.h"

namespace bv2::engine::compiled {

/// Prints nodes. Used for all rows of a group, for a product's input, and for what follows a product.
class RowCode {
 public:
  /// `row_rank` dimensions of every view are the row; `row_index` are their names, `rows` their sizes.
  RowCode(BufferArguments& arguments, CodeText& code, std::size_t row_rank,
          std::vector<std::string> row_index, const std::set<BufferId>& stored_locals);

  /// Local memory is at this pointer (an expression of C++).
  void set_scratch(std::string pointer) { scratch_ = std::move(pointer); }
  /// A buffer whose row is kept elsewhere: elements one after another at `pointer`.
  void place_local(BufferId local, std::string pointer) { placed_[local] = std::move(pointer); }
  /// The view's value at column `j` is already in that variable.
  void know(const View& view, std::string variable) { values_[key(view)] = std::move(variable); }

  /// All nodes, in loops over what follows the rows.
  void print(std::span<const Node> nodes);
  /// Element-wise nodes at column `j` of rows [.., columns] only; `live` of the lanes, all where empty.
  void print_at_column(std::span<const Node> nodes, const std::string& live);
  /// Copies a row of a view as float32 to a local buffer whose place is known.
  void print_copy(const View& view, BufferId to);
  /// Lines for the pointers to the row of each buffer; `print` does it itself.
  void declare_rows(std::span<const Node> nodes);

  /// Local buffers that were read from memory: they have to be in `stored_locals` when printed again.
  [[nodiscard]] const std::set<BufferId>& needed_locals() const { return needed_; }
  /// Floats of local memory that was used.
  [[nodiscard]] const std::vector<Expression>& scratch_floats() const { return scratch_floats_; }

 private:
  struct Place {
    std::string pointer;  ///< of element 0 of the row
    Expression offset;    ///< within it
    std::string_view type;
  };

  [[nodiscard]] std::string key(const View& view) const;
  [[nodiscard]] std::string uniform_key(const View& view) const;
  [[nodiscard]] std::vector<Expression> inner_shape(const View& view) const;
  [[nodiscard]] bool is_uniform(const View& view) const;
  [[nodiscard]] bool is_local(const View& view) const;
  [[nodiscard]] std::vector<Expression> loop_shape(const Node& node) const;
  [[nodiscard]] bool joins_loop(const Node& node, std::span<const Node> loop) const;
  Place place_of(const View& view);
  /// Address of the view's element at the loops' indices.
  std::string address(const View& view, const std::string& column);
  void loop(std::span<const Node> nodes);
  void column_loop(std::span<const Node> nodes, const Expression& columns);
  /// One element-wise node; `is_row_value`: one number a row.
  void element(const Node& node, const std::string& live, bool is_row_value);
  void body(std::span<const Node> nodes, const std::string& live);
  void declare_accumulators(std::span<const Node> nodes);
  void accumulate(const Node& node, const std::string& live);
  void finish_reduction(const Node& node);
  std::string value(const View& view, const std::string& live);
  std::string load(const View& view, const std::string& live);
  void store(const View& view, const std::string& variable, const std::string& live);
  void store_one(const View& view, const std::string& variable);
  std::string new_name(std::string_view prefix);
  const Node* copy_that_gives(const View& view) const;

  BufferArguments& arguments_;
  CodeText& code_;
  std::size_t row_rank_;
  std::vector<std::string> row_index_;
  const std::set<BufferId>& stored_;
  std::string scratch_ = "team.scratch";
  std::map<BufferId, std::string> placed_;
  std::set<BufferId> needed_;
  std::vector<Expression> scratch_floats_;
  std::map<std::string, std::string> values_;    ///< in the loop that is being printed, by view
  std::map<std::string, std::string> uniforms_;  ///< one number a row, in all lanes
  std::map<std::string, std::string> row_pointers_;
  std::map<const Node*, std::string> accumulators_;
  std::vector<std::string> loop_index_;  ///< of the dimensions between the row and the last
  std::span<const Node> all_;
  std::size_t printed_ = 0;  ///< nodes of all_ before the loop that is being printed
  int names_ = 0;
};

/// The function that runs a group without a product.
Function rows_function(const Graph& graph, const Node& group);

/// "cast_mul_mean_add_scalar"
std::string operations_name(std::span<const Node> nodes);

}  // namespace bv2::engine::compiled
