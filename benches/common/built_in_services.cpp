// What the built-in engine offers the program's commands.
#include "benches/common/built_in_services.h"

#include "engine/kernels/registry.h"

namespace bv2 {
namespace {

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
};

}  // namespace

const EngineServices& built_in_services() {
  static const BuiltInServices services;
  return services;
}

}  // namespace bv2
