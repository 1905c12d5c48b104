// A table of text, printed for people, for Markdown, or as comma-separated values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bv2::app {

enum class Align { left, right };
enum class TableFormat { plain, markdown, csv };

struct Column {
  std::string title;  ///< a newline in it begins a second line of the heading where there can be one
  Align align = Align::left;
};

/// One line of a table.
struct Row {
  std::vector<std::string> cells;     ///< missing ones at the end are empty
  std::optional<std::string> remark;  ///< fills the columns after the last cell: an error message
};

struct Table {
  std::vector<Column> columns;
  std::vector<Row> rows;
};

/// The whole table with a newline at its end. Plain: columns two spaces apart; where a line would be wider
/// than `max_width`, a long first cell gets a line of its own. Widths are in characters, not bytes. CSV: RFC
/// 4180 with "\n" line ends; a remark is the cell after the last.
std::string render(const Table& table, TableFormat format, std::size_t max_width = 100);

/// Characters of UTF-8 text, each one column wide.
std::size_t display_width(std::string_view text);

}  // namespace bv2::app
