// attention_mask: which keys each query may see, as numbers to add to the scores.
#include <algorithm>
#include <limits>

#include "engine/eager/operations.h"

namespace bv2::engine::eager {
namespace {

struct Visibility {
  bool causal;
  std::int64_t window;
};

template <class T>
void fill(const Tensor& mask, const Tensor& padding, Visibility visible) {
  const std::int64_t tokens = mask.size(2);
  const std::int64_t keys = mask.size(3);
  const T hidden(-std::numeric_limits<float>::infinity());
  T* row = mask.data<T>();
  for (std::int64_t batch = 0; batch < mask.size(0); ++batch) {
    const std::int64_t padded =
        padding.defined() ? padding.data<std::int64_t>()[batch * padding.strides()[0]] : 0;
    for (std::int64_t token = 0; token < tokens; ++token, row += keys) {
      const std::int64_t position = keys - tokens + token;
      const std::int64_t oldest = visible.window > 0 ? position - visible.window + 1 : 0;
      const std::int64_t end = visible.causal ? position + 1 : keys;
      const std::int64_t begin = std::clamp(std::max(oldest, padded), std::int64_t{0}, end);
      std::fill(row, row + begin, hidden);
      std::fill(row + begin, row + end, T(0.F));
      std::fill(row + end, row + keys, hidden);
    }
  }
}

}  // namespace

Tensor attention_mask(State&, const BasicCall& call, const TensorType& type) {
  const Dims& dims = call.attributes.dims;
  const Visibility visible{dims[2] != 0, dims[3]};
  Tensor mask(type.dtype, type.shape);
  switch (type.dtype) {
    case Dtype::bfloat16:
      fill<BFloat16>(mask, call.inputs[0], visible);
      break;
    case Dtype::float16:
      fill<Float16>(mask, call.inputs[0], visible);
      break;
    default:
      fill<float>(mask, call.inputs[0], visible);
      break;
  }
  return mask;
}

}  // namespace bv2::engine::eager
