// Graphs to programs: printed, built (or found in the cache) and loaded.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/compiled/code_builder.h"
#include "engine/compiled/native_program.h"

namespace bv2::engine::compiled {

/// One graph and how it is to be printed.
struct BuildRequest {
  const Graph* graph = nullptr;
  std::string title;  ///< for people: "llama decode, bfloat16"
  EmitOptions options;
};

/// Where the time of building went.
struct BuildTimes {
  double emit_seconds = 0;
  double compile_seconds = 0;  ///< 0: all came from the cache
  double load_seconds = 0;
};

/// A program for each request, in their order, up to `parallel` compilers at once. With `dump_dir`, each
/// source is written there as TITLE.cpp first. `times`, where given, is added to. Throws Error and
/// Unavailable.
std::vector<std::unique_ptr<NativeProgram>> build_programs(std::span<const BuildRequest> requests,
                                                           CodeBuilder& builder, std::size_t parallel,
                                                           const std::filesystem::path& dump_dir = {},
                                                           BuildTimes* times = nullptr);

}  // namespace bv2::engine::compiled
