// What ran, when, on what: the spans of a profiled forward.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/operation_span.h"
#include "engine/ops/basic_op.h"

namespace bv2::engine {

enum class SpanKind {
  kernel,      ///< a fused kernel in place of a layer operation
  definition,  ///< a layer operation by its definition, whose parts follow
  basic,       ///< a basic operation
};

/// Bytes of the memory behind a tensor that reading all its elements touches: what it repeats counts once.
std::int64_t touched_bytes(const Tensor& tensor);
/// Of a basic operation, as `result` came of it: views touch nothing, look-ups only the rows that they take.
std::int64_t touched_bytes(const BasicCall& call, const Tensor& result);

/// Calls visit with each tensor of an input or a result of a layer operation. Structures of tensors have a
/// function `visit_tensors` of their own; numbers have none.
template <class T, class Visit>
void each_tensor(const T& value, const Visit& visit) {
  if constexpr (std::is_same_v<T, Tensor>) {
    if (value.defined()) visit(value);
  } else if constexpr (requires { visit_tensors(value, visit); }) {
    visit_tensors(value, visit);
  }
}

/// Collects spans. What an operation runs on is noted as it is and put into words at the end, so that noting
/// costs little. Used by one thread.
class OperationProfile {
 public:
  /// A span begins; those that begin before it ends lie within it.
  std::size_t begin();

  /// A basic operation has run.
  void end(std::size_t span, const BasicCall& call, const Tensor& result);

  /// A layer operation has run; `name` has to live until the profile is taken.
  template <class Op, class Result, class... Inputs>
  void end(std::size_t span, SpanKind kind, std::string_view name, [[maybe_unused]] const Op& op,
           const Result& result, const Inputs&... inputs) {
    Record& record = close(span, kind, name);
    const auto note = [&](const Tensor& tensor) { types_.push_back({tensor.dtype(), tensor.shape()}); };
    record.first_type = types_.size();
    (each_tensor(inputs, note), ...);
    record.first_output = types_.size();
    each_tensor(result, note);
    record.end_type = types_.size();
    if constexpr (requires { op.touched_bytes(result, inputs...); }) {
      record.bytes = op.touched_bytes(result, inputs...);
    } else {
      const auto add = [&](const Tensor& tensor) { record.bytes += touched_bytes(tensor); };
      (each_tensor(inputs, add), ...);
      each_tensor(result, add);
    }
  }

  /// The spans in the order of their beginnings; none are left.
  std::vector<OperationSpan> take();

 private:
  struct Record {
    SpanKind kind = SpanKind::basic;
    std::string_view name{};
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    std::int64_t bytes = 0;
    std::size_t first_type = 0;  ///< of types_: inputs, then outputs
    std::size_t first_output = 0;
    std::size_t end_type = 0;
  };

  Record& close(std::size_t span, SpanKind kind, std::string_view name);
  [[nodiscard]] std::string text_of_types(std::size_t begin, std::size_t end) const;

  std::vector<Record> records_;
  std::vector<TensorType> types_;
};

}  // namespace bv2::engine
