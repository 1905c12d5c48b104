// `cache list` and `cache clear`: the code that compiled mode keeps on disk.
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "app/listing.h"
#include "app/table.h"
#include "base/error.h"
#include "base/shown_text.h"
#include "framework/engine_services.h"

namespace bv2::app {
namespace {

using CodeOf = std::vector<CachedCode> (EngineServices::*)() const;

struct Action {
  std::string_view name;
  CodeOf code;
};
constexpr std::array actions{Action{"list", &EngineServices::cached_code},
                             Action{"clear", &EngineServices::clear_cached_code}};

CodeOf action_of(const std::string& word) {
  for (const Action& action : actions)
    if (action.name == word) return action.code;
  fail<UsageError>("cache {}: list or clear is wanted; see run_benchmarks cache --help", shown(word));
}

Table cache_table(const std::vector<CachedCode>& code) {
  Table table;
  table.columns = {{"used"}, {"bytes"}, {"key"}, {"what"}};
  constexpr std::size_t shown_digits = 12;
  for (const CachedCode& entry : code) {
    table.rows.push_back({.cells = {entry.used, std::to_string(entry.size_bytes),
                                    entry.key.substr(0, shown_digits), entry.title},
                          .remark = {}});
  }
  return table;
}

}  // namespace

int cache_command(const CommandContext& context) {
  const CodeOf action = action_of(context.line.operands.at(0));
  std::vector<CachedCode> code;
  for (const EngineServices* engine : engine_services(context.benchmarks))
    for (CachedCode& entry : (engine->*action)()) code.push_back(std::move(entry));
  write_listing(context, cache_table(code), to_json(code));
  return 0;
}

}  // namespace bv2::app
