// A listing on stdout in the format that was asked for.
#include "app/listing.h"

namespace bv2::app {

void write_listing(const CommandContext& context, const Table& table, const Json& rows) {
  constexpr std::size_t unlimited_width = 400;
  switch (context.line.format) {
    case OutputFormat::table:
      context.output.write(render(table, TableFormat::plain, unlimited_width));
      break;
    case OutputFormat::md:
      context.output.write(render(table, TableFormat::markdown));
      break;
    case OutputFormat::csv:
      context.output.write(render(table, TableFormat::csv));
      break;
    case OutputFormat::json:
      context.output.write(rows.dump(2) + "\n");
      break;
    case OutputFormat::jsonl:
      for (const Json& row : rows) context.output.write(row.dump() + "\n");
      break;
  }
}

}  // namespace bv2::app
