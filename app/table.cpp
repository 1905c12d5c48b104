// A table of text, printed for people, for Markdown, or as comma-separated values.
#include "app/table.h"

#include <algorithm>
#include <numeric>

namespace bv2::app {
namespace {

constexpr std::size_t gap = 2;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t have = display_width(text);
  const std::string space(width > have ? width - have : 0, ' ');
  return align == Align::left ? text + space : space + text;
}

std::string_view cell(const Row& row, std::size_t column) {
  return column < row.cells.size() ? std::string_view(row.cells[column]) : std::string_view();
}

std::string without_trailing_space(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

/// Columns as wide as what stands in them, the first cut back until the sum fits.
std::vector<std::size_t> plain_widths(const Table& table, std::size_t max_width) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    std::size_t width = 0;
    for (const auto& line : lines_of(table.columns[column].title))
      width = std::max(width, display_width(line));
    for (const auto& row : table.rows) width = std::max(width, display_width(cell(row, column)));
    widths.push_back(width);
  }
  const std::size_t total = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  if (total > max_width) widths[0] -= std::min(widths[0], total - max_width);
  return widths;
}

std::string plain_heading(const Table& table, const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> titles;
  std::size_t height = 1;
  for (const auto& column : table.columns) {
    titles.push_back(lines_of(column.title));
    height = std::max(height, titles.back().size());
  }
  std::string text;
  for (std::size_t line = 0; line < height; ++line) {
    std::string whole;
    for (std::size_t column = 0; column < titles.size(); ++column) {
      // Titles stand on the lowest line.
      const std::size_t above = height - titles[column].size();
      const std::string part = line < above ? std::string() : titles[column][line - above];
      whole += padded(part, widths[column], table.columns[column].align) + std::string(gap, ' ');
    }
    text += without_trailing_space(whole);
  }
  return text;
}

std::string plain_row(const Table& table, const Row& row, const std::vector<std::size_t>& widths) {
  std::string text;
  std::string line;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (row.remark && column == row.cells.size()) {
      line += *row.remark;
      break;
    }
    const std::string content(cell(row, column));
    const bool alone = column == 0 && display_width(content) > widths[0];
    if (alone) text += content + "\n";
    line += padded(alone ? std::string() : content, widths[column], table.columns[column].align) +
            std::string(gap, ' ');
  }
  return text + without_trailing_space(line);
}

std::string render_plain(const Table& table, std::size_t max_width) {
  const auto widths = plain_widths(table, max_width);
  std::string text = plain_heading(table, widths);
  for (const auto& row : table.rows) text += plain_row(table, row, widths);
  return text;
}

std::string markdown_cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string render_markdown(const Table& table) {
  std::string text = "|";
  std::string rule = "|";
  for (const auto& column : table.columns) {
    text += " " + markdown_cell(column.title) + " |";
    rule += column.align == Align::right ? " ---: |" : " --- |";
  }
  text += "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
      const bool remark = row.remark && column == row.cells.size();
      text += " " + markdown_cell(remark ? std::string_view(*row.remark) : cell(row, column)) + " |";
    }
    text += "\n";
  }
  return text;
}

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string render_csv(const Table& table) {
  std::string text;
  const auto add = [&](std::size_t column, std::string_view content) {
    text += csv_cell(content);
    text += column + 1 < table.columns.size() ? ',' : '\n';
  };
  for (std::size_t column = 0; column < table.columns.size(); ++column)
    add(column, table.columns[column].title);
  for (const auto& row : table.rows) {
    for (std::size_t column = 0; column < table.columns.size(); ++column) {
      const bool remark = row.remark && column == row.cells.size();
      add(column, remark ? std::string_view(*row.remark) : cell(row, column));
    }
  }
  return text;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  // Every byte but the continuations of a UTF-8 sequence begins a character.
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string render(const Table& table, TableFormat format, std::size_t max_width) {
  if (table.columns.empty()) return {};
  switch (format) {
    case TableFormat::plain:
      return render_plain(table, max_width);
    case TableFormat::markdown:
      return render_markdown(table);
    case TableFormat::csv:
      return render_csv(table);
  }
  return {};
}

}  // namespace bv2::app
