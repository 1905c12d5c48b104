// Scaled dot product attention: what the paths share, and the choice between them.
#include "engine/ops/sdpa.h"

#include <algorithm>
#include <numbers>

#include "engine/ops/sdpa_problem.h"

namespace bv2::engine {
namespace {

constexpr double log2_e = std::numbers::log2e;

ScoreTransform transform_of(const Attention& attention) {
  if (attention.softcap == 0) return {.inner = static_cast<float>(attention.scale * log2_e)};
  return {.inner = static_cast<float>(attention.scale / attention.softcap),
          .outer = static_cast<float>(attention.softcap * log2_e)};
}

void check_last_stride(const Tensor& tensor, std::string_view what) {
  if (tensor.size(3) > 1 && tensor.strides()[3] != 1) {
    fail("attention: {} {} is strided in its last dimension ({} elements)", what, to_string(tensor.shape()),
         tensor.strides()[3]);
  }
}

bool is_attention_dtype(Dtype dtype) {
  return dtype == Dtype::float32 || dtype == Dtype::bfloat16 || dtype == Dtype::float16;
}

Tensor result_of(const Tensor& q) {
  return Tensor(q.dtype(), {q.size(0), q.size(2), q.size(1), q.size(3)}).transpose(1, 2);
}

}  // namespace

void check_attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& padding) {
  const auto refuse = [&](std::string_view reason) {
    fail("attention of q {}, k {}, v {}: {}", to_string(q.shape()), to_string(k.shape()),
         to_string(v.shape()), reason);
  };
  if (q.rank() != 4 || k.rank() != 4 || v.rank() != 4)
    refuse("each must be [batch, heads, tokens, head_dim]");
  if (k.shape() != v.shape()) refuse("k and v must have one shape");
  if (q.size(0) != k.size(0) || q.size(3) != k.size(3)) refuse("batch and head_dim must be the same");
  if (k.size(1) == 0 || q.size(1) % k.size(1) != 0) refuse("heads must be a multiple of kv_heads");
  if (q.size(2) > k.size(2)) refuse("the queries must be the last of the keys");
  if (!is_attention_dtype(q.dtype()) || k.dtype() != q.dtype() || v.dtype() != q.dtype()) {
    fail("attention of {}, {} and {}: one of float32, bfloat16, float16 is needed for all", name(q.dtype()),
         name(k.dtype()), name(v.dtype()));
  }
  if (!padding.defined()) return;
  if (padding.shape() != Shape{q.size(0)} || padding.dtype() != Dtype::int64) {
    fail("attention: padding {} {} must be int64 [{}]", name(padding.dtype()), to_string(padding.shape()),
         q.size(0));
  }
}

SdpaProblem::SdpaProblem(const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
                         const Tensor& padding, const Tensor& out)
    : batch(q.size(0)),
      heads(q.size(1)),
      kv_heads(k.size(1)),
      group(heads / kv_heads),
      tokens(q.size(2)),
      keys(k.size(2)),
      head_dim(q.size(3)),
      dtype(q.dtype()),
      attention(attention),
      transform(transform_of(attention)),
      q(q),
      k(k),
      v(v),
      padding(padding),
      out(out) {}

KeyRange SdpaProblem::visible(std::int64_t batch_index, std::int64_t row) const {
  const std::int64_t position = keys - tokens + row / group;
  std::int64_t first =
      padding.defined()
          ? std::max<std::int64_t>(0, padding.data<std::int64_t>()[batch_index * padding.strides()[0]])
          : 0;
  if (attention.window > 0) first = std::max(first, position - attention.window + 1);
  const std::int64_t last = attention.causal ? position + 1 : keys;
  return {static_cast<std::int32_t>(std::min(first, last)), static_cast<std::int32_t>(last)};
}

std::byte* SdpaProblem::row_of(const Tensor& tensor, std::int64_t batch_index, std::int64_t kv_head,
                               std::int64_t row) const {
  const Strides& strides = tensor.strides();
  const std::int64_t head = kv_head * group + row % group;
  const std::int64_t element = batch_index * strides[0] + head * strides[1] + row / group * strides[2];
  return tensor.raw() + static_cast<std::size_t>(element) * size_bytes(dtype);
}

const std::byte* SdpaProblem::key_of(const Tensor& tensor, std::int64_t batch_index, std::int64_t kv_head,
                                     std::int64_t key) const {
  const Strides& strides = tensor.strides();
  const std::int64_t element = batch_index * strides[0] + kv_head * strides[1] + key * strides[2];
  return tensor.raw() + static_cast<std::size_t>(element) * size_bytes(dtype);
}

RowBlock row_block_at(const SdpaProblem& problem, std::int64_t row_block, std::int64_t index) {
  const std::int64_t heads = problem.batch * problem.kv_heads;
  const std::int64_t per_head = (problem.rows() + row_block - 1) / row_block;
  const std::int64_t head = index % heads;
  RowBlock block;
  block.batch_index = head / problem.kv_heads;
  block.kv_head = head % problem.kv_heads;
  block.begin = (per_head - 1 - index / heads) * row_block;
  block.rows = std::min(row_block, problem.rows() - block.begin);
  // Both ends of what a row sees grow with its token.
  const KeyRange first = problem.visible(block.batch_index, block.begin);
  const KeyRange last = problem.visible(block.batch_index, block.begin + block.rows - 1);
  block.seen = {first.first, last.last};
  if (last.first >= last.last) block.seen = {0, 0};
  block.unmasked = {last.first, first.last};
  return block;
}

Tensor sdpa(AttentionPath path, const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
            const Tensor& padding) {
  if (q.rank() != 4) check_attention(q, k, v, padding);
  Tensor out = result_of(q);
  sdpa_into(path, attention, q, k, v, padding, out);
  return out;
}

void sdpa_into(AttentionPath path, const Attention& attention, const Tensor& q, const Tensor& k,
               const Tensor& v, const Tensor& padding, const Tensor& out) {
  check_attention(q, k, v, padding);
  if (out.shape() != q.shape() || out.dtype() != q.dtype())
    fail("attention: the result {} {} must be {} {}", name(out.dtype()), to_string(out.shape()),
         name(q.dtype()), to_string(q.shape()));
  check_last_stride(q, "q");
  check_last_stride(k, "k");
  check_last_stride(v, "v");
  check_last_stride(out, "the result");
  const SdpaProblem problem(attention, q, k, v, padding, out);
  if (out.numel() == 0) return;
  switch (path) {
    case AttentionPath::sdpa_math:
      return sdpa_math(problem);
    case AttentionPath::sdpa_flash_attention:
      return sdpa_flash(problem);
    case AttentionPath::sdpa_efficient_attention:
      return sdpa_efficient(problem);
    case AttentionPath::eager:
      break;
  }
  fail("eager attention runs by its definition, not as one sdpa operation");
}

}  // namespace bv2::engine
