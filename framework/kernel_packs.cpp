// Kernel packs: shared objects from outside that add kernels to an engine's registry while they are loaded.
#include "framework/kernel_packs.h"

#include "base/error.h"
#include "framework/module_files.h"

namespace bv2 {
namespace {

constexpr ModuleKind pack_kind{"--kernels-dir", "kernel pack", "docs/kernels.md says how to build one"};

std::size_t kernel_count(std::span<const EngineServices* const> engines) {
  std::size_t count = 0;
  for (const EngineServices* engine : engines) count += engine->kernels().size();
  return count;
}

}  // namespace

KernelPacks::KernelPacks(std::span<const std::filesystem::path> dirs,
                         std::span<const EngineServices* const> engines) {
  for (const auto& dir : dirs) {
    for (const auto& path : user_modules_in(dir, pack_kind)) {
      const std::size_t before = kernel_count(engines);
      try {
        libraries_.emplace_back(path);
      } catch (const Error& error) {
        fail<UsageError>("--kernels-dir: {}", error.what());
      }
      if (kernel_count(engines) == before) {
        fail<UsageError>("--kernels-dir: '{}' adds no kernel; {}", path.string(), pack_kind.advice);
      }
    }
  }
}

}  // namespace bv2
