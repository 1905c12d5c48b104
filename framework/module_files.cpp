// The files of modules in a folder that the user named.
#include "framework/module_files.h"

#include <algorithm>

#include "base/error.h"

namespace bv2 {

namespace fs = std::filesystem;

std::vector<fs::path> modules_in(const fs::path& dir) {
  std::vector<fs::path> modules;
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() == ".so" && !entry.is_directory()) modules.push_back(entry.path());
  }
  std::ranges::sort(modules);
  return modules;
}

std::vector<fs::path> user_modules_in(const fs::path& dir, const ModuleKind& kind) {
  std::error_code error;
  if (!fs::is_directory(dir, error)) {
    fail<UsageError>("{}: '{}' is not a folder; name one with {}s (*.so)", kind.option, dir.string(),
                     kind.what);
  }
  try {
    auto modules = modules_in(dir);
    if (!modules.empty()) return modules;
  } catch (const fs::filesystem_error& failure) {
    fail<UsageError>("{}: cannot read '{}': {}", kind.option, dir.string(), failure.code().message());
  }
  fail<UsageError>("{}: '{}' has no {} (*.so); {}", kind.option, dir.string(), kind.what, kind.advice);
}

}  // namespace bv2
