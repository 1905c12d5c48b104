// A graph's buffers in memory, and its views as tensors.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// Where the buffers of a graph are. The memory is the caller's.
class Bindings {
 public:
  /// One address a buffer; null for those that are not there. Constants keep their own memory.
  Bindings(const Graph& graph, std::span<std::byte* const> addresses);
  /// The view at these sizes; undefined where the view is. Allocates nothing.
  [[nodiscard]] Tensor tensor(const View& view, const Sizes& sizes) const;
  /// The same for no longer than these bindings and the constants live: it counts no owners, so that threads
  /// that ask at once do not fight for a counter.
  [[nodiscard]] Tensor borrowed(const View& view, const Sizes& sizes) const;

 private:
  /// `share(storage)` is what the tensor holds of it.
  template <class Share>
  [[nodiscard]] Tensor at(const View& view, const Sizes& sizes, const Share& share) const;

  std::vector<std::shared_ptr<Storage>> storages_;  // undefined where there is a constant
  std::vector<Tensor> constants_;
  std::vector<Dtype> dtypes_;
};

}  // namespace bv2::engine::compiled
