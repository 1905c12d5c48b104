// Attention blocked over queries and keys, for prefill and decode: the flash path that eager offers too.
#include "engine/kernels/registry.h"
#include "engine/ops/sdpa.h"

namespace bv2::engine {
namespace {

// Another attention that was asked for is measured as asked.
bool fits(const Context& context, const Attention&, const Tensor&, const Tensor&, const Tensor&,
          const Tensor&) {
  return context.attention() == AttentionPath::sdpa_flash_attention;
}

Tensor attention(Context& context, const Attention& op, const Tensor& q, const Tensor& k, const Tensor& v,
                 const Tensor& padding) {
  check_attention(q, k, v, padding);
  return sdpa(context.attention(), op, q, k, v, padding);
}

const KernelRegistration<Attention> registered({.operation = {},
                                                .name = "flash_attention",
                                                .rank = 10,
                                                .when = "the flash_attention path",
                                                .dtypes = {Dtype::float32, Dtype::bfloat16, Dtype::float16},
                                                .isa = own_isa},
                                               fits, attention);

}  // namespace
}  // namespace bv2::engine
