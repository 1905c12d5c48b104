// Generated sources to loaded code: from the cache, or by the compiler, several at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_library.h"
#include "engine/compiled/disk_cache.h"
#include "engine/compiled/toolchain.h"

namespace bv2::engine::compiled {

/// One generated file.
struct CodeUnit {
  std::string title;   ///< what it is, for people: "llama decode, bfloat16"
  std::string source;  ///< C++ that needs nothing but the compiler
  std::string graph;   ///< the text of the graph that it was made of
};

/// A unit that was built and loaded.
struct LoadedCode {
  SharedLibrary library;
  std::string key;          ///< of its entry in the cache
  bool from_cache = false;  ///< otherwise the compiler ran
  double load_seconds = 0;  ///< to check it and to load it
};

/// Builds and loads code through a cache on disk. Thread safe.
class CodeBuilder {
 public:
  /// `warn` receives one line where an entry of the cache was damaged and is built again; from any thread,
  /// one at a time.
  CodeBuilder(Toolchain toolchain, DiskCache& cache, std::function<void(std::string_view)> warn);

  /// All units, up to `parallel` compilers at once, in the order of `units`. Throws the first Error, in one
  /// line that names the file where a source that did not compile was kept.
  std::vector<LoadedCode> build(std::span<const CodeUnit> units, std::size_t parallel);

  /// Everything that shapes the code: source, graph, compiler, version, flags, processor and our version.
  [[nodiscard]] std::string key_of(const CodeUnit& unit) const;
  [[nodiscard]] const Toolchain& toolchain() const { return toolchain_; }
  [[nodiscard]] DiskCache& cache() const { return cache_; }

 private:
  LoadedCode build_one(const CodeUnit& unit);
  void compile(const CodeUnit& unit, const std::string& key, const std::filesystem::path& folder) const;

  Toolchain toolchain_;
  DiskCache& cache_;
  std::function<void(std::string_view)> warn_;
};

}  // namespace bv2::engine::compiled
