// Benchmarks from modules: shared objects that are found in folders and hand their benchmarks over.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/shared_library.h"
#include "framework/model_benchmark.h"

namespace bv2 {

/// The folder of this program's file.
std::filesystem::path program_dir();

/// Where the program's own modules are: `benches` beside the program in a build, and
/// `../lib/benchmark_v2/benches` where it is installed.
std::vector<std::filesystem::path> built_in_benches_dirs(const std::filesystem::path& program_dir);

/// All benchmarks of the modules in some folders. The modules stay loaded as long as this lives, so it must
/// outlive whatever the benchmarks have made (sessions).
///
/// A module is a file `NAME.so` with a function `extern "C" void run_NAME(bv2::BenchmarkHost&)`, in whose
/// name every character that no identifier may have is `_`, or else `run_benchmark` of the same signature.
///
/// What is wrong with a module that the user named by its folder ends with a UsageError: nothing of what was
/// asked for is left out silently. What is wrong with one of the program's own is kept in `problems`, and the
/// others work. Two benchmarks of one name are told from each other by nothing, so the second is always such
/// a fault.
class BenchmarkModules {
 public:
  /// Loads the modules of `built_in_dirs` (those that exist), then those of `user_dirs`, in order of their
  /// names. A folder that is given twice counts once. Throws UsageError for a folder of `user_dirs` that is
  /// missing or has no module, or for a fault in one of its modules.
  BenchmarkModules(std::span<const std::filesystem::path> built_in_dirs,
                   std::span<const std::filesystem::path> user_dirs);

  [[nodiscard]] std::span<const std::unique_ptr<ModelBenchmark>> benchmarks() const { return benchmarks_; }
  /// One line for each of the program's own modules that could not be used.
  [[nodiscard]] std::span<const std::string> problems() const { return problems_; }

 private:
  void load_module(const std::filesystem::path& path);
  void check_new_names(std::size_t first_new, const std::filesystem::path& path) const;

  // In this order: a benchmark's code is gone once its library is closed.
  std::vector<SharedLibrary> libraries_;
  std::vector<std::unique_ptr<ModelBenchmark>> benchmarks_;
  std::vector<std::filesystem::path> sources_;  // of each benchmark: the module that it came from
  std::vector<std::string> problems_;
};

/// "run_my_model" of "my-model.so".
std::string runner_function_name(const std::filesystem::path& module);

}  // namespace bv2
