// Rotation of queries and keys and the append to the cache, in one pass.
#include <cstring>

#include "engine/kernels/registry.h"
#include "engine/kernels/rotate_row.h"
#include "engine/ops/block.h"
#include "engine/parallel.h"

namespace bv2::engine {
namespace {

/// Address of x[batch, head, token, 0].
std::byte* at(const Tensor& x, std::int64_t batch, std::int64_t head, std::int64_t token) {
  const Strides& strides = x.strides();
  return x.raw() + (batch * strides[0] + head * strides[1] + token * strides[2]) *
                       static_cast<std::int64_t>(size_bytes(x.dtype()));
}

bool rows_are_contiguous(const Tensor& x) { return x.rank() == 4 && x.strides()[3] == 1; }

bool fits(const Context&, const RotaryAppend&, const Qkv& qkv, const Tensor& cos, const Tensor& sin,
          const Tensor& cached_keys, const Tensor& cached_values) {
  for (const Tensor* x : {&qkv.q, &qkv.k, &qkv.v, &cos, &sin, &cached_keys, &cached_values}) {
    if (!x->defined() && x != &cos && x != &sin) return false;
    if (x->defined() && (!rows_are_contiguous(*x) || x->dtype() != qkv.q.dtype())) return false;
  }
  return !cos.defined() || (cos.size(-1) % 2 == 0 && cos.size(-1) <= qkv.q.size(-1));
}

// Below this many elements a parallel region costs more than it saves.
constexpr std::int64_t parallel_threshold = 16384;

Tensor rotary_append(Context&, const RotaryAppend&, const Qkv& qkv, const Tensor& cos, const Tensor& sin,
                     const Tensor& cached_keys, const Tensor& cached_values) {
  const std::int64_t tokens = qkv.q.size(2);
  const std::int64_t heads = qkv.q.size(1);
  const std::int64_t kv_heads = qkv.k.size(1);
  const std::int64_t head_dim = qkv.q.size(3);
  const bool rotary = cos.defined();
  const Tensor rotated = rotary ? Tensor(qkv.q.dtype(), qkv.q.shape()) : qkv.q;
  const RotateRow common{
      .dtype = qkv.q.dtype(), .head_dim = head_dim, .rotary_dim = rotary ? cos.size(-1) : 0};

  const auto append = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t place = begin; place < end; ++place) {
      const std::int64_t batch = place / tokens;
      const std::int64_t token = place % tokens;
      RotateRow row = common;
      if (rotary) {
        row.cos = at(cos, cos.size(0) == 1 ? 0 : batch, 0, token);
        row.sin = at(sin, sin.size(0) == 1 ? 0 : batch, 0, token);
      }
      for (std::int64_t head = 0; rotary && head < heads; ++head) {
        row.x = at(qkv.q, batch, head, token);
        row.out = at(rotated, batch, head, token);
        rotate_row(row);
      }
      for (std::int64_t head = 0; head < kv_heads; ++head) {
        row.x = at(qkv.k, batch, head, token);
        row.out = at(cached_keys, batch, head, token);
        rotate_row(row);
        std::memcpy(at(cached_values, batch, head, token), at(qkv.v, batch, head, token),
                    static_cast<std::size_t>(head_dim) * size_bytes(common.dtype));
      }
    }
  };
  const std::int64_t places = qkv.q.size(0) * tokens;
  if (places * (heads + kv_heads) * head_dim < parallel_threshold)
    append(0, places);
  else
    in_parallel(places, append);
  return rotated;
}

const KernelRegistration<RotaryAppend> registered({.operation = {},
                                                   .name = "rotate_and_append",
                                                   .rank = 10,
                                                   .when = "heads whose elements lie together",
                                                   .dtypes = {Dtype::float32, Dtype::bfloat16,
                                                              Dtype::float16},
                                                   .isa = own_isa},
                                                  fits, rotary_append);

}  // namespace
}  // namespace bv2::engine
