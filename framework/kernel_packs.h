// Kernel packs: shared objects from outside that add kernels to an engine's registry while they are loaded.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/shared_library.h"
#include "framework/engine_services.h"

namespace bv2 {

/// Keeps the packs loaded; their kernels are gone with it, so it must outlive every session. Load them after
/// the benchmarks' modules, which bring the engine.
class KernelPacks {
 public:
  /// Loads every *.so of the folders. Throws UsageError for a folder without one, and for a pack that cannot
  /// be loaded or adds no kernel to any of the engines: nothing of what was asked for is left out silently.
  KernelPacks(std::span<const std::filesystem::path> dirs, std::span<const EngineServices* const> engines);

 private:
  std::vector<SharedLibrary> libraries_;
};

}  // namespace bv2
