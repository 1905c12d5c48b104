// A listing on stdout in the format that was asked for.
#pragma once

#include "app/commands.h"
#include "app/table.h"
#include "base/json.h"

namespace bv2::app {

/// `table` for people, or `rows` (an array of objects, one a row of the table) for programs.
void write_listing(const CommandContext& context, const Table& table, const Json& rows);

}  // namespace bv2::app
