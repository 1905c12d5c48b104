// `list --kernels`: what kernelized mode would run on this machine, and why.
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/listing.h"
#include "app/table.h"
#include "base/error.h"
#include "base/json.h"
#include "framework/engine_services.h"

namespace bv2::app {
namespace {

std::vector<KernelChoice> all_kernels(const CommandContext& context) {
  std::vector<KernelChoice> all;
  for (const EngineServices* engine : engine_services(context.benchmarks)) {
    for (KernelChoice& choice : engine->kernels()) all.push_back(std::move(choice));
  }
  if (all.empty()) fail("no engine here has a registry of kernels; see run_benchmarks list");
  return all;
}

Table kernels_table(const std::vector<KernelChoice>& kernels) {
  Table table;
  table.columns = {{"operation"}, {"dtype"}, {"kernel"}, {"isa"}, {"verdict"}, {"takes"}};
  for (const KernelChoice& kernel : kernels) {
    table.rows.push_back({.cells = {kernel.operation, kernel.dtype, kernel.kernel,
                                    kernel.isa.empty() ? "-" : kernel.isa, kernel.verdict, kernel.when},
                          .remark = {}});
  }
  return table;
}

}  // namespace

int list_kernels_command(const CommandContext& context) {
  const std::vector<KernelChoice> kernels = all_kernels(context);
  write_listing(context, kernels_table(kernels), to_json(kernels));
  return 0;
}

}  // namespace bv2::app
