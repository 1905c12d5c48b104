// The table of a dataset of results: one flat row a scenario.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/json.h"

namespace bv2::hub {

enum class ColumnType { text, integer, number };

/// A column with the place in the scenario's document that it comes from.
struct ResultColumn {
  std::string name;     ///< with its unit, unless it is a plain number or text
  std::string pointer;  ///< JSON pointer from the scenario; empty where the row's maker knows it
  ColumnType type = ColumnType::text;
  std::string unit{};  ///< that the document must give beside the value; empty: not checked
};

/// All columns, in their order: every row has each of them, null where the scenario has no such value.
std::span<const ResultColumn> result_columns();

/// One line (with its newline) for each scenario of a result document. Throws Error, naming `source`, where a
/// measurement has another unit than its column.
std::string result_rows(const Json& document, std::string_view run_id, std::string_view run_uuid,
                        std::string_view source);

/// The README.md of a new dataset: tells the Hub's viewer where the rows are and of what types, and people
/// what this is.
std::string dataset_card(std::string_view dataset);

}  // namespace bv2::hub
