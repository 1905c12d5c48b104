// Matrix products by oneDNN, each shape prepared once.
#include "engine/eager/onednn_matmul.h"

#include <dnnl.hpp>
#include <map>

#include "base/error.h"

namespace bv2::engine {
namespace {

// Making a primitive compiles code for a millisecond; a model has some ten shapes for each length of prompt.
constexpr std::size_t kept_primitives = 1024;

dnnl::memory::data_type data_type(Dtype dtype) {
  return dtype == Dtype::bfloat16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

struct Prepared {
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
};

Prepared prepare(const MatmulShape& s, const dnnl::engine& engine) {
  using Desc = dnnl::memory::desc;
  const auto type = data_type(s.dtype);
  const Desc a({s.batch, s.rows, s.depth}, type, {s.a_batch_stride, s.a_row_stride, s.a_depth_stride});
  const Desc b({s.batch, s.depth, s.columns}, type, {s.b_batch_stride, s.b_depth_stride, s.b_column_stride});
  const Desc out({s.batch, s.rows, s.columns}, type, {s.rows * s.columns, s.columns, 1});
  const dnnl::matmul::primitive_desc description({a, b, out}, engine);
  return {description, dnnl::matmul(description)};
}

}  // namespace

struct OneDnnMatmul::Impl {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::map<MatmulShape, Prepared> prepared;
  bool has_bfloat16 = false;
};

OneDnnMatmul::OneDnnMatmul() : impl_(std::make_unique<Impl>()) {
  MatmulShape probe{.dtype = Dtype::bfloat16, .rows = 16, .columns = 16, .depth = 16};
  probe.a_batch_stride = probe.b_batch_stride = 256;
  probe.a_row_stride = probe.b_depth_stride = 16;
  try {
    prepare(probe, impl_->engine);
    impl_->has_bfloat16 = true;
  } catch (const dnnl::error&) {
    impl_->has_bfloat16 = false;
  }
}

OneDnnMatmul::~OneDnnMatmul() = default;

bool OneDnnMatmul::supports(Dtype dtype) const {
  return dtype == Dtype::float32 || (dtype == Dtype::bfloat16 && impl_->has_bfloat16);
}

void OneDnnMatmul::multiply(const MatmulShape& shape, const void* a, const void* b, void* out) {
  try {
    auto found = impl_->prepared.find(shape);
    if (found == impl_->prepared.end()) {
      if (impl_->prepared.size() >= kept_primitives) impl_->prepared.clear();
      found = impl_->prepared.emplace(shape, prepare(shape, impl_->engine)).first;
    }
    const Prepared& ready = found->second;
    const dnnl::memory from_a(ready.description.src_desc(), impl_->engine, const_cast<void*>(a));
    const dnnl::memory from_b(ready.description.weights_desc(), impl_->engine, const_cast<void*>(b));
    const dnnl::memory to(ready.description.dst_desc(), impl_->engine, out);
    ready.primitive.execute(impl_->stream,
                            {{DNNL_ARG_SRC, from_a}, {DNNL_ARG_WEIGHTS, from_b}, {DNNL_ARG_DST, to}});
  } catch (const dnnl::error& error) {
    fail("oneDNN could not multiply [{}, {}] by [{}, {}] in {}: {}", shape.rows, shape.depth, shape.depth,
         shape.columns, name(shape.dtype), error.what());
  }
}

}  // namespace bv2::engine
