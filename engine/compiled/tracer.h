// Records a forward as a graph: tensors without values go through the model's own code.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/compiled/graph.h"
#include "engine/ops/kernel.h"

namespace bv2::engine::compiled {

/// Records one run at fixed sizes: all expressions of its graph are numbers. Tensors whose storage the tracer
/// did not make are constants.
class Tracer final : public BasicExecutor {
 public:
  Tracer();

  /// What the caller gives at each call.
  Tensor input(std::string name, Dtype dtype, const Shape& shape);
  /// The caller's memory that is kept from call to call and may be written.
  Tensor state(std::string name, Dtype dtype, const Shape& shape);

  Tensor execute(const BasicCall& call) override;

  /// Records a call that stays whole; `outputs` are tensors of new_tensor.
  void call(std::shared_ptr<const Call> what, std::span<const std::int64_t> numbers,
            std::span<const Tensor> inputs, std::span<const Tensor> outputs);
  /// Records linear layers of one input: a weight [out, in] and a bias [out] (or undefined) each.
  Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias);
  /// Memory of its own, row-major.
  Tensor new_tensor(Dtype dtype, const Shape& shape);

  /// The graph that computes `results`.
  Graph finish(std::string name, std::span<const Tensor> results);

 private:
  Tensor add(BufferKind kind, std::string name, Dtype dtype, const Shape& shape);
  View view_of(const Tensor& tensor);
  View constant_view(const Tensor& tensor);
  Tensor arranged(const BasicCall& call);
  Tensor elementwise(const BasicCall& call, const TensorType& type);
  Tensor reduction(const BasicCall& call, const TensorType& type);
  Tensor matmul(const BasicCall& call, const TensorType& type);
  Tensor concat(const BasicCall& call, const TensorType& type);
  void copy(const Tensor& from, const Tensor& to);

  struct Constant {
    std::int64_t begin;  // elements of the storage that the buffer has
    std::int64_t end;
    BufferId buffer;
  };

  Graph graph_;
  std::map<const Storage*, BufferId> made_;
  std::map<const Storage*, std::vector<Constant>> constants_;
  std::vector<std::shared_ptr<Storage>> alive_;  // so that no two storages have one address
};

/// The layer operations that stay whole in a graph, as kernels for the context of a trace: linear layers
/// become products; sdpa attention, mixtures of experts and rotary angles calls. Everything else is traced
/// through its definition.
KernelTable kept_operations();

/// What kept operations find in the context's KernelState.
struct ActiveTracer {
  Tracer* tracer = nullptr;
};

}  // namespace bv2::engine::compiled
