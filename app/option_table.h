// Every option of every command, as a table.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"

namespace bv2::app {

struct OptionRow {
  std::vector<Command> commands;  ///< that take it
  std::string_view group;         ///< heading in the help
  std::string name;               ///< "--dtype"
  std::string value;  ///< what the help calls it; ends with "..." where several may follow; empty: a flag
  std::string help;
  /// Puts the values (one or more; none for a flag) where they belong. Throws UsageError.
  std::function<void(CommandLine&, std::string_view option, const std::vector<std::string>& values)> set;

  [[nodiscard]] bool is_flag() const { return value.empty(); }
  [[nodiscard]] bool is_list() const { return value.ends_with("..."); }
};

/// All of them, in the order of the help.
std::vector<OptionRow> option_table();

}  // namespace bv2::app
