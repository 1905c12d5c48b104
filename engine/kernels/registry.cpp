// The registry of kernels.
#include "engine/kernels/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "engine/ops/isa.h"

namespace bv2::engine {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::unique_ptr<const AnyKernel>> kernels;
};

// Kernels add themselves while libraries are loaded, before there is anything that could hold the registry.
Registry& registry() {
  static Registry instance;
  return instance;
}

constexpr std::array dtypes{Dtype::float32, Dtype::bfloat16, Dtype::float16};

/// The kernels that take the dtype where all they want is there: by operation, then best first, then by name,
/// so that the order does not depend on which library was loaded first.
std::vector<const AnyKernel*> kernels_of(Dtype dtype) {
  std::vector<const AnyKernel*> chosen;
  const std::scoped_lock lock(registry().mutex);
  for (const auto& kernel : registry().kernels) {
    if (std::ranges::find(kernel->facts.dtypes, dtype) != kernel->facts.dtypes.end())
      chosen.push_back(kernel.get());
  }
  std::ranges::sort(chosen, [](const AnyKernel* a, const AnyKernel* b) {
    return std::tuple(a->facts.operation, -a->facts.rank, a->facts.name) <
           std::tuple(b->facts.operation, -b->facts.rank, b->facts.name);
  });
  return chosen;
}

}  // namespace

const AnyKernel* register_kernel(std::unique_ptr<const AnyKernel> kernel) {
  const std::scoped_lock lock(registry().mutex);
  return registry().kernels.emplace_back(std::move(kernel)).get();
}

void unregister_kernel(const AnyKernel* kernel) {
  const std::scoped_lock lock(registry().mutex);
  std::erase_if(registry().kernels, [&](const auto& held) { return held.get() == kernel; });
}

KernelTable kernels_for(Dtype dtype) {
  KernelTable table;
  for (const AnyKernel* kernel : kernels_of(dtype)) {
    const KernelFacts& facts = kernel->facts;
    const std::string isa = facts.isa(dtype);
    if (isa.empty()) continue;
    table.add(facts.operation, {kernel, fmt::format("{}/{}/{}", facts.operation, facts.name, isa)});
  }
  return table;
}

std::vector<KernelVerdict> list_kernels() {
  std::vector<KernelVerdict> verdicts;
  for (const Dtype dtype : dtypes) {
    std::string operation;
    std::string better;  // the kernels of the operation that come first
    for (const AnyKernel* kernel : kernels_of(dtype)) {
      const KernelFacts& facts = kernel->facts;
      if (operation != facts.operation) better.clear();
      operation = facts.operation;
      KernelVerdict verdict{.operation = operation,
                            .dtype = dtype,
                            .kernel = std::string(facts.name),
                            .isa = facts.isa(dtype),
                            .rank = facts.rank,
                            .when = std::string(facts.when),
                            .verdict = {}};
      if (verdict.isa.empty()) {
        verdict.verdict = fmt::format("cannot run {} on this machine", name(dtype));
      } else {
        verdict.verdict = better.empty() ? "first choice" : fmt::format("where {} does not fit", better);
        better += (better.empty() ? "" : " or ") + verdict.kernel;
      }
      verdicts.push_back(std::move(verdict));
    }
  }
  std::ranges::stable_sort(verdicts, {}, &KernelVerdict::operation);
  return verdicts;
}

std::string own_isa(Dtype) { return std::string(effective_isa()); }

}  // namespace bv2::engine
