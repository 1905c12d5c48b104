// Benchmarks from modules: shared objects that are found in folders and hand their benchmarks over.
#include "framework/benchmark_modules.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "framework/module_files.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

using RunnerFunction = void(BenchmarkHost&);

class CollectingHost : public BenchmarkHost {
 public:
  explicit CollectingHost(std::vector<std::unique_ptr<ModelBenchmark>>& into) : into_(into) {}
  void add(std::unique_ptr<ModelBenchmark> benchmark) override {
    if (benchmark == nullptr) fail("it added a benchmark that is null");
    into_.push_back(std::move(benchmark));
  }

 private:
  std::vector<std::unique_ptr<ModelBenchmark>>& into_;
};

/// Of cmake/ModuleInterface.cmake.
constexpr std::string_view interface_prefix = "benchmark_v2_interface_";
constexpr const char* mark_function = "benchmark_v2_module_mark";

/// Throws Error where the module was built against other headers, before any code of it runs where it says
/// which.
SharedLibrary open_module(const fs::path& path) {
  try {
    return SharedLibrary(path);
  } catch (const Error& error) {
    if (std::string_view(error.what()).find(interface_prefix) == std::string_view::npos) throw;
    fail("the module '{}' was built against other headers of benchmark_v2: build it again", path.string());
  }
}

constexpr ModuleKind benchmark_kind{"--benches-dir", "benchmark module",
                                    "docs/adding_a_benchmark.md says how to build one"};

}  // namespace

fs::path program_dir() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::vector<fs::path> built_in_benches_dirs(const fs::path& program_dir) {
  return {program_dir / "benches", program_dir.parent_path() / "lib" / "benchmark_v2" / "benches"};
}

std::string runner_function_name(const fs::path& module) {
  std::string name = "run_" + module.stem().string();
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::ranges::replace_if(name, std::not_fn(fits), '_');
  return name;
}

BenchmarkModules::BenchmarkModules(std::span<const fs::path> built_in_dirs,
                                   std::span<const fs::path> user_dirs) {
  std::set<fs::path> seen;
  for (const auto& dir : built_in_dirs) {
    std::error_code missing;
    if (!fs::is_directory(dir, missing) || !seen.insert(fs::canonical(dir)).second) continue;
    for (const auto& module : modules_in(dir)) {
      try {
        load_module(module);
      } catch (const std::exception& error) {
        problems_.emplace_back(error.what());
      }
    }
  }
  for (const auto& dir : user_dirs) {
    const auto modules = user_modules_in(dir, benchmark_kind);
    if (!seen.insert(fs::canonical(dir)).second) continue;
    for (const auto& module : modules) {
      try {
        load_module(module);
      } catch (const std::exception& error) {
        throw UsageError(error.what());
      }
    }
  }
}

void BenchmarkModules::load_module(const fs::path& path) {
  SharedLibrary library = open_module(path);
  const std::string name = runner_function_name(path);
  auto* runner = library.function<RunnerFunction>(name);
  if (runner == nullptr) runner = library.function<RunnerFunction>("run_benchmark");
  if (runner == nullptr) {
    fail("'{}' is not a benchmark module: it has neither {} nor run_benchmark (extern \"C\")", path.string(),
         name);
  }
  if (library.function<void()>(mark_function) == nullptr) {
    fail(
        "the module '{}' does not say which headers it was built against: build it again, by "
        "benchmark_v2_add_benchmark",
        path.string());
  }
  std::vector<std::unique_ptr<ModelBenchmark>> added;
  libraries_.push_back(std::move(library));  // first: `added` may not outlive its code
  CollectingHost host(added);
  try {
    runner(host);
  } catch (const std::exception& error) {
    fail("the module '{}' failed: {}", path.string(), error.what());
  }
  if (added.empty()) fail("the module '{}' offers no benchmark: {} added none", path.string(), name);
  const std::size_t first_new = benchmarks_.size();
  std::ranges::move(added, std::back_inserter(benchmarks_));
  try {
    check_new_names(first_new, path);
  } catch (...) {
    benchmarks_.resize(first_new);
    throw;
  }
  sources_.resize(benchmarks_.size(), path);
}

void BenchmarkModules::check_new_names(std::size_t first_new, const fs::path& path) const {
  for (std::size_t added = first_new; added < benchmarks_.size(); ++added) {
    const std::string name = benchmarks_[added]->info().name;
    if (name.empty()) fail("the module '{}' offers a benchmark without a name", path.string());
    for (std::size_t known = 0; known < added; ++known) {
      if (benchmarks_[known]->info().name != name) continue;
      fail("two benchmarks have the name '{}': one of '{}' and one of '{}'; rename one of them", name,
           known < first_new ? sources_[known].string() : path.string(), path.string());
    }
  }
}

}  // namespace bv2
