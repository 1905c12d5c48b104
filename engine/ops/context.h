// The context that a forward runs in: who executes basic operations, which attention path is wanted, and what
// ran.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/expert_choice.h"
#include "engine/ops/basic_op.h"
#include "engine/ops/kernel.h"
#include "engine/ops/operation_profile.h"

namespace bv2::engine {

/// How attention is computed. `eager` materialises the scores with basic operations; the sdpa paths are
/// single operations: `math` as PyTorch's reference of the same name, `flash_attention` blocked with an
/// online softmax, `efficient_attention` by blocks of queries.
enum class AttentionPath { eager, sdpa_math, sdpa_flash_attention, sdpa_efficient_attention };

/// What ran, by name with counts. A result states this and never what was only asked for.
struct EffectiveRecord {
  std::map<std::string, std::int64_t, std::less<>> definitions;  ///< layer operations run by their definition
  std::map<std::string, std::int64_t, std::less<>> kernels;      ///< fused kernels
};

/// Passed through every forward; no globals. One thread at a time.
class Context {
 public:
  /// With `kernels` (kernelized mode) a layer operation runs the best kernel that fits, else its definition.
  Context(BasicExecutor& executor, AttentionPath attention, KernelSet* kernels = nullptr)
      : executor_(&executor), attention_(attention), kernels_(kernels) {}

  [[nodiscard]] AttentionPath attention() const { return attention_; }
  [[nodiscard]] EffectiveRecord& record() { return record_; }
  [[nodiscard]] const EffectiveRecord& record() const { return record_; }
  /// For kernels, which only run where there is a set of them.
  [[nodiscard]] KernelState& kernel_state() { return kernels_->state; }

  /// Has everything that runs from now on noted there; null: nothing.
  void set_profile(OperationProfile* profile) { profile_ = profile; }
  [[nodiscard]] OperationProfile* profile() const { return profile_; }

  /// Every mixture of experts calls it, to have its choice looked at or changed; empty: nobody looks.
  void set_expert_watch(ExpertWatch watch) { expert_watch_ = std::move(watch); }
  [[nodiscard]] const ExpertWatch& expert_watch() const { return expert_watch_; }

  Tensor execute(BasicOp op, std::initializer_list<Tensor> inputs, const Attributes& attributes = {}) {
    return execute(op, std::span(inputs.begin(), inputs.size()), attributes);
  }
  Tensor execute(BasicOp op, std::span<const Tensor> inputs, const Attributes& attributes = {}) {
    if (profile_ == nullptr) return executor_->execute({op, inputs, attributes});
    const std::size_t span = profile_->begin();
    Tensor result = executor_->execute({op, inputs, attributes});
    profile_->end(span, {op, inputs, attributes}, result);
    return result;
  }

  /// Runs a layer operation: a structure with a `name` and a `define(context, inputs...)`. One with a member
  /// `from_positions` computes what follows from positions alone (rotary angles), is seen by tracers and not
  /// recorded.
  template <class Op, class... Inputs>
  auto apply(const Op& op, const Inputs&... inputs) {
    if (kernels_ != nullptr) {
      for (const KernelTable::Entry& entry : kernels_->table.of(Op::name)) {
        const auto& kernel = static_cast<const Kernel<Op>&>(*entry.kernel);
        if (!kernel.fits(*this, op, inputs...)) continue;
        count(record_.kernels, entry.label);
        const auto run = [&] { return kernel.run(*this, op, inputs...); };
        return noted(SpanKind::kernel, entry.label, run, op, inputs...);
      }
    }
    if constexpr (!requires { Op::from_positions; }) count(record_.definitions, Op::name);
    const auto run = [&] { return op.define(*this, inputs...); };
    return noted(SpanKind::definition, Op::name, run, op, inputs...);
  }

  static void count(std::map<std::string, std::int64_t, std::less<>>& counts, std::string_view what) {
    const auto found = counts.find(what);
    if (found != counts.end())
      ++found->second;
    else
      counts.emplace(what, 1);
  }

 private:
  template <class Run, class Op, class... Inputs>
  auto noted(SpanKind kind, std::string_view name, const Run& run, const Op& op, const Inputs&... inputs) {
    if (profile_ == nullptr) return run();
    const std::size_t span = profile_->begin();
    auto result = run();
    profile_->end(span, kind, name, op, result, inputs...);
    return result;
  }

  BasicExecutor* executor_;
  AttentionPath attention_;
  KernelSet* kernels_;
  EffectiveRecord record_;
  OperationProfile* profile_ = nullptr;
  ExpertWatch expert_watch_;
};

}  // namespace bv2::engine
