// What the built-in engine offers the program's commands.
#include "benches/common/built_in_services.h"

#include <chrono>

#include "engine/compiled/disk_cache.h"
#include "engine/kernels/registry.h"
#include "framework/timestamp.h"

namespace bv2 {
namespace {

std::vector<CachedCode> described(std::vector<engine::compiled::CacheEntry> entries) {
  std::vector<CachedCode> code;
  for (engine::compiled::CacheEntry& entry : entries) {
    code.push_back({.title = std::move(entry.title),
                    .key = std::move(entry.key),
                    .size_bytes = entry.size_bytes,
                    .used = utc_timestamp(std::chrono::system_clock::time_point(
                        std::chrono::nanoseconds(entry.used_unix_ns)))});
  }
  return code;
}

engine::compiled::DiskCache cache() {
  return engine::compiled::DiskCache(engine::compiled::default_cache_folder());
}

class BuiltInServices final : public EngineServices {
 public:
  [[nodiscard]] std::string_view name() const override { return "built-in"; }

  [[nodiscard]] std::vector<KernelChoice> kernels() const override {
    std::vector<KernelChoice> choices;
    for (engine::KernelVerdict& verdict : engine::list_kernels()) {
      choices.push_back({.operation = std::move(verdict.operation),
                         .dtype = std::string(bv2::name(verdict.dtype)),
                         .kernel = std::move(verdict.kernel),
                         .isa = std::move(verdict.isa),
                         .when = std::move(verdict.when),
                         .verdict = std::move(verdict.verdict)});
    }
    return choices;
  }

  [[nodiscard]] std::vector<CachedCode> cached_code() const override { return described(cache().list()); }
  [[nodiscard]] std::vector<CachedCode> clear_cached_code() const override {
    return described(cache().clear());
  }
};

}  // namespace

const EngineServices& built_in_services() {
  static const BuiltInServices services;
  return services;
}

}  // namespace bv2
