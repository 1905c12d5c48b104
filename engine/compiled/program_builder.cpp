// Graphs to programs.
#include "engine/compiled/program_builder.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/clock.h"
#include "base/file.h"

namespace bv2::engine::compiled {
namespace {

std::string file_name(std::string title) {
  std::ranges::replace_if(
      title, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-'; }, '_');
  return title + ".cpp";
}

double seconds_since(std::int64_t start_ns) {
  return static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
}

void add_times(BuildTimes& times, double emit_seconds, double build_seconds,
               std::span<const LoadedCode> loaded) {
  double load_seconds = 0;
  for (const LoadedCode& code : loaded) load_seconds += code.load_seconds;
  times.emit_seconds += emit_seconds;
  times.load_seconds += load_seconds;
  if (std::ranges::all_of(loaded, &LoadedCode::from_cache)) return;
  times.compile_seconds += std::max(0.0, build_seconds - load_seconds);
}

}  // namespace

std::vector<std::unique_ptr<NativeProgram>> build_programs(std::span<const BuildRequest> requests,
                                                           CodeBuilder& builder, std::size_t parallel,
                                                           const std::filesystem::path& dump_dir,
                                                           BuildTimes* times) {
  const std::int64_t emit_start_ns = monotonic_now_ns();
  std::vector<EmittedCode> emitted;
  std::vector<CodeUnit> units;
  for (const BuildRequest& request : requests) {
    emitted.push_back(emit(*request.graph, request.options));
    units.push_back(
        {.title = request.title, .source = emitted.back().source, .graph = to_text(*request.graph)});
    if (!dump_dir.empty()) write_file_atomically(dump_dir / file_name(request.title), units.back().source);
  }
  const double emit_seconds = seconds_since(emit_start_ns);
  const std::int64_t build_start_ns = monotonic_now_ns();
  std::vector<LoadedCode> loaded = builder.build(units, parallel);
  if (times != nullptr) add_times(*times, emit_seconds, seconds_since(build_start_ns), loaded);
  std::vector<std::unique_ptr<NativeProgram>> programs;
  for (std::size_t i = 0; i < loaded.size(); ++i)
    programs.push_back(std::make_unique<NativeProgram>(std::move(emitted[i]), std::move(loaded[i])));
  return programs;
}

}  // namespace bv2::engine::compiled
