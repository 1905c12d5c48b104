// The registry of kernels: each kernel's own file adds it; a session takes those that its machine can run.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ops/kernel.h"

namespace bv2::engine {

/// Adds a kernel while a library is being loaded, and removes it with the library: a constant of this type at
/// namespace scope in the kernel's file.
template <class Op>
class KernelRegistration;

/// Adds a kernel to the registry; the result is its name there. Thread safe.
const AnyKernel* register_kernel(std::unique_ptr<const AnyKernel> kernel);
/// Takes it out again. No table may still hold it. Thread safe.
void unregister_kernel(const AnyKernel* kernel);

template <class Op>
class KernelRegistration {
 public:
  KernelRegistration(KernelFacts facts, typename Kernel<Op>::Fits fits, typename Kernel<Op>::Run run) {
    kernel_ = register_kernel(std::make_unique<Kernel<Op>>(std::move(facts), fits, run));
  }
  ~KernelRegistration() { unregister_kernel(kernel_); }
  KernelRegistration(const KernelRegistration&) = delete;
  KernelRegistration& operator=(const KernelRegistration&) = delete;

 private:
  const AnyKernel* kernel_ = nullptr;
};

/// The registered kernels that this machine can run in that dtype, best first.
KernelTable kernels_for(Dtype dtype);

/// One registered kernel in one dtype, and what this machine makes of it.
struct KernelVerdict {
  std::string operation;
  Dtype dtype = Dtype::float32;
  std::string kernel;
  std::string isa;  ///< empty where it cannot run
  int rank = 0;
  std::string when;     ///< the inputs that it takes
  std::string verdict;  ///< "first choice", or why another one comes first
};

/// Every registered kernel in every dtype, by operation, dtype and rank.
std::vector<KernelVerdict> list_kernels();

// What kernels give as KernelFacts::isa.

/// The instruction set of our own vectorised code, for every dtype.
std::string own_isa(Dtype dtype);

}  // namespace bv2::engine
