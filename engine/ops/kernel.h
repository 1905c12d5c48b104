// A kernel: one function that replaces the definition of a layer operation where it fits.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "base/dtype.h"

namespace bv2::engine {

class Context;

/// What is known of a kernel without running it.
struct KernelFacts {
  std::string_view operation;  ///< of the layer operation: "linear"
  std::string_view name;       ///< "panel_gemv"
  int rank = 0;                ///< of the kernels that fit, the one with the highest rank runs
  std::string_view when;       ///< what it takes, for people to read: "packed weight, at most 8 rows"
  std::vector<Dtype> dtypes;   ///< what it takes on a machine that has all it wants
  /// The instruction set that it uses for a dtype on this machine; empty where it cannot run.
  std::string (*isa)(Dtype dtype) = nullptr;
};

/// A kernel of whichever layer operation.
struct AnyKernel {
  KernelFacts facts;
  virtual ~AnyKernel() = default;
  explicit AnyKernel(KernelFacts of) : facts(std::move(of)) {}
};

template <class Define>
struct KernelSignature;
template <class Op, class Result, class... Inputs>
struct KernelSignature<Result (Op::*)(Context&, Inputs...) const> {
  using Fits = bool (*)(const Context&, const Op&, Inputs...);
  using Run = Result (*)(Context&, const Op&, Inputs...);
};

/// A kernel of the layer operation Op, typed as its definition is.
template <class Op>
struct Kernel final : AnyKernel {
  using Fits = typename KernelSignature<decltype(&Op::define)>::Fits;
  using Run = typename KernelSignature<decltype(&Op::define)>::Run;

  Kernel(KernelFacts of, Fits fits_call, Run run_call)
      : AnyKernel(std::move(of)), fits(fits_call), run(run_call) {
    facts.operation = Op::name;
  }

  Fits fits;  ///< whether it takes these inputs
  Run run;
};

/// The kernels that can run on this machine in one dtype, best first for each operation.
class KernelTable {
 public:
  struct Entry {
    const AnyKernel* kernel;
    std::string label;  ///< as records show it: "linear/panel_gemv/avx512"
  };

  [[nodiscard]] const std::vector<Entry>& of(std::string_view operation) const {
    const auto found = entries_.find(operation);
    return found == entries_.end() ? none_ : found->second;
  }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  void add(std::string_view operation, Entry entry) { entries_[operation].push_back(std::move(entry)); }

 private:
  std::unordered_map<std::string_view, std::vector<Entry>> entries_;
  std::vector<Entry> none_;
};

/// What kernels keep from call to call (prepared library primitives, scratch memory), one object a type.
class KernelState {
 public:
  template <class T>
  [[nodiscard]] T& get() {
    std::shared_ptr<void>& held = held_[typeid(T)];
    if (held == nullptr) held = std::make_shared<T>();
    return *static_cast<T*>(held.get());
  }

 private:
  std::unordered_map<std::type_index, std::shared_ptr<void>> held_;
};

/// The kernels of a context, and what they keep.
struct KernelSet {
  KernelTable table;
  KernelState state;
};

}  // namespace bv2::engine
