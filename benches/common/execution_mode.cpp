// The variants of the built-in engine.
#include "benches/common/execution_mode.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "benches/common/compiled_mode.h"
#include "engine/compiled/compile_modes.h"
#include "engine/kernels/registry.h"
#include "engine/ops/isa.h"

namespace bv2 {
namespace {

/// One operation after another.
class EagerMode final : public ExecutionMode {
 public:
  EagerMode(engine::Model& model, engine::AttentionPath attention)
      : ExecutionMode(attention), runner_(context(), model) {}
  PreparationTimes prepare(const Preparation& /*preparation*/) override { return {}; }
  engine::ModelRunner& runner() override { return runner_; }

 private:
  engine::DirectRunner runner_;
};

/// Fused kernels on packed weights.
class KernelizedMode final : public ExecutionMode {
 public:
  KernelizedMode(engine::Model& model, engine::AttentionPath attention)
      : ExecutionMode(attention, &kernels_), model_(&model), runner_(context(), model) {}

  PreparationTimes prepare(const Preparation& /*preparation*/) override {
    kernels_.table = engine::kernels_for(model_->dtype());
    if (kernels_.table.empty()) check_ran();
    PreparationTimes times;
    packing_ = pack_timed(*model_, times.pack_seconds);
    return times;
  }

  engine::ModelRunner& runner() override { return runner_; }

  void check_ran() const override {
    if (!context().record().kernels.empty()) return;
    fail(
        "the variant 'kernelized' replaced nothing: no kernel takes {} on this machine ({}); use the variant "
        "'eager'",
        name(model_->dtype()), engine::effective_isa());
  }

  void describe(Json& effective) const override {
    if (packing_) describe_packing(*packing_, effective);
  }

 private:
  engine::KernelSet kernels_;
  engine::Model* model_;
  std::optional<engine::PackingReport> packing_;
  engine::DirectRunner runner_;
};

using Make = std::unique_ptr<ExecutionMode> (*)(const ScenarioConfig& config, engine::Model& model,
                                                engine::AttentionPath attention);

template <class Mode>
std::unique_ptr<ExecutionMode> make(const ScenarioConfig& /*config*/, engine::Model& model,
                                    engine::AttentionPath attention) {
  return std::make_unique<Mode>(model, attention);
}

struct Variant {
  std::string_view name;
  Make make;
};
constexpr std::array variants{Variant{"eager", make<EagerMode>}, Variant{"compiled", make_compiled_mode},
                              Variant{"kernelized", make<KernelizedMode>}};

}  // namespace

std::vector<std::string> engine_variants() {
  std::vector<std::string> names;
  names.reserve(variants.size());
  for (const Variant& variant : variants) names.emplace_back(variant.name);
  return names;
}

std::vector<std::string> engine_compile_modes() {
  const auto modes = engine::compiled::compile_modes();
  std::vector<std::string> names;
  names.reserve(modes.size());
  for (const engine::compiled::CompileMode& mode : modes) names.emplace_back(mode.name);
  return names;
}

std::unique_ptr<ExecutionMode> make_execution_mode(const ScenarioConfig& config, engine::Model& model,
                                                   engine::AttentionPath attention) {
  const auto* found = std::ranges::find(variants, config.variant, &Variant::name);
  if (found != variants.end()) return found->make(config, model, attention);
  fail("the variant '{}' is not supported (supported: {})", config.variant,
       fmt::join(engine_variants(), ", "));
}

engine::PackingReport pack_timed(engine::Model& model, std::optional<double>& seconds) {
  const std::int64_t start_ns = monotonic_now_ns();
  const engine::PackingReport packing = engine::pack_weights(model);
  seconds = static_cast<double>(monotonic_now_ns() - start_ns) * 1e-9;
  return packing;
}

void describe_packing(const engine::PackingReport& packing, Json& effective) {
  effective["packed_weight_bytes"] = packing.packed_bytes;
  effective["second_copy_bytes"] = packing.second_copy_bytes;
}

}  // namespace bv2
