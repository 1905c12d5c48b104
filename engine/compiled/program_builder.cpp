// Graphs to programs.
#include "engine/compiled/program_builder.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/file.h"

namespace bv2::engine::compiled {
namespace {

std::string file_name(std::string title) {
  std::ranges::replace_if(
      title, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-'; }, '_');
  return title + ".cpp";
}

}  // namespace

std::vector<std::unique_ptr<NativeProgram>> build_programs(std::span<const BuildRequest> requests,
                                                           CodeBuilder& builder, std::size_t parallel,
                                                           const std::filesystem::path& dump_dir) {
  std::vector<EmittedCode> emitted;
  std::vector<CodeUnit> units;
  for (const BuildRequest& request : requests) {
    emitted.push_back(emit(*request.graph, request.options));
    units.push_back(
        {.title = request.title, .source = emitted.back().source, .graph = to_text(*request.graph)});
    if (!dump_dir.empty()) write_file_atomically(dump_dir / file_name(request.title), units.back().source);
  }
  std::vector<LoadedCode> loaded = builder.build(units, parallel);
  std::vector<std::unique_ptr<NativeProgram>> programs;
  for (std::size_t i = 0; i < loaded.size(); ++i)
    programs.push_back(std::make_unique<NativeProgram>(std::move(emitted[i]), std::move(loaded[i])));
  return programs;
}

}  // namespace bv2::engine::compiled
