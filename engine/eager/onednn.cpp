// oneDNN's matrix products, each prepared once.
#include "engine/eager/onednn.h"

#include <dnnl.hpp>
#include <map>
#include <string_view>
#include <unordered_map>

namespace bv2::engine::eager {
namespace {

/// All that a primitive depends on. Strides between matrices of the batch are those of c, a, b.
struct Key {
  Dtype dtype;
  std::int64_t batch;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  std::int64_t a_row;
  std::int64_t a_col;
  std::int64_t b_row;
  std::int64_t b_col;
  std::array<std::int64_t, LoopNest::max_operands> batch_strides;
  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::size_t hash = static_cast<std::size_t>(key.dtype);
    const auto mix = [&](std::int64_t value) {
      hash = (hash ^ static_cast<std::size_t>(value)) * 0x9E3779B97F4A7C15U;
      hash ^= hash >> 29U;
    };
    for (const std::int64_t value :
         {key.batch, key.m, key.n, key.k, key.a_row, key.a_col, key.b_row, key.b_col})
      mix(value);
    for (const std::int64_t value : key.batch_strides) mix(value);
    return hash;
  }
};

Key key_of(const Product& product) {
  const LoopNest& nest = product.batch;
  const std::int64_t batch = nest.inner_size();
  Key key{product.dtype, batch,         product.m,     product.n,     product.k,
          product.a_row, product.a_col, product.b_row, product.b_col, {}};
  for (std::size_t operand = 0; operand < LoopNest::max_operands && batch > 1; ++operand)
    key.batch_strides[operand] = nest.inner_stride(operand);
  return key;
}

dnnl::memory::data_type data_type_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::bfloat16:
      return dnnl::memory::data_type::bf16;
    case Dtype::float16:
      return dnnl::memory::data_type::f16;
    default:
      return dnnl::memory::data_type::f32;
  }
}

dnnl::memory::desc matrix(const Key& key, std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                          std::int64_t column_stride, std::int64_t batch_stride) {
  const auto type = data_type_of(key.dtype);
  if (key.batch == 1) return {{rows, columns}, type, dnnl::memory::dims{row_stride, column_stride}};
  // A matrix that serves the whole batch is a batch of one.
  const std::int64_t batch = batch_stride == 0 ? 1 : key.batch;
  const std::int64_t step = batch_stride == 0 ? rows * columns : batch_stride;
  return {{batch, rows, columns}, type, dnnl::memory::dims{step, row_stride, column_stride}};
}

dnnl::matmul::primitive_desc describe(const Key& key, const dnnl::engine& engine) {
  const dnnl::matmul::desc desc(matrix(key, key.m, key.k, key.a_row, key.a_col, key.batch_strides[1]),
                                matrix(key, key.k, key.n, key.b_row, key.b_col, key.batch_strides[2]),
                                matrix(key, key.m, key.n, key.n, 1, key.batch_strides[0]));
  return {desc, engine};
}

/// A primitive with the memory objects that its arguments go through: setting their addresses costs little.
struct Prepared {
  dnnl::matmul primitive;
  dnnl::memory a;
  dnnl::memory b;
  dnnl::memory c;

  Prepared(const dnnl::matmul::primitive_desc& desc, const dnnl::engine& engine)
      : primitive(desc),
        a(desc.src_desc(), engine, nullptr),
        b(desc.weights_desc(), engine, nullptr),
        c(desc.dst_desc(), engine, nullptr) {}
};

// More than the shapes of any one model; bounds what ever-changing shapes can hold on to.
constexpr std::size_t max_primitives = 512;

}  // namespace

struct OnednnProducts::Impl {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::unordered_map<Key, Prepared, KeyHash> prepared;
  std::map<Dtype, bool> supported;

  Prepared& prepare(const Key& key) {
    const auto found = prepared.find(key);
    if (found != prepared.end()) return found->second;
    if (prepared.size() >= max_primitives) prepared.clear();
    return prepared.try_emplace(key, describe(key, engine), engine).first->second;
  }

  void run(Prepared& product, const Product& on, const RowCursor& at) const {
    const auto bytes = static_cast<std::int64_t>(size_bytes(on.dtype));
    const auto set = [](dnnl::memory& memory, const std::byte* address) {
      dnnl_memory_set_data_handle(memory.get(), const_cast<std::byte*>(address));
    };
    set(product.c, on.c + at.offset(0) * bytes);
    set(product.a, on.a + at.offset(1) * bytes);
    set(product.b, on.b + at.offset(2) * bytes);
    const std::array<dnnl_exec_arg_t, 3> arguments{{{DNNL_ARG_SRC, product.a.get()},
                                                    {DNNL_ARG_WEIGHTS, product.b.get()},
                                                    {DNNL_ARG_DST, product.c.get()}}};
    const auto status = dnnl_primitive_execute(product.primitive.get(), stream.get(),
                                               static_cast<int>(arguments.size()), arguments.data());
    if (status != dnnl_success) fail("matmul: oneDNN failed with status {}", static_cast<int>(status));
  }
};

OnednnProducts::OnednnProducts() : impl_(std::make_unique<Impl>()) {}
OnednnProducts::~OnednnProducts() = default;

bool OnednnProducts::supports(Dtype dtype) {
  const auto known = impl_->supported.find(dtype);
  if (known != impl_->supported.end()) return known->second;
  bool supported = false;
  try {
    const Key probe{dtype, 1, 64, 64, 64, 64, 1, 64, 1, {}};
    supported = !std::string_view(describe(probe, impl_->engine).impl_info_str()).starts_with("ref");
  } catch (const dnnl::error&) {
    // oneDNN has nothing for this dtype here.
  }
  impl_->supported.emplace(dtype, supported);
  return supported;
}

void OnednnProducts::multiply(const Product& product) {
  try {
    Prepared& prepared = impl_->prepare(key_of(product));
    RowCursor cursor(product.batch, 0);
    for (std::int64_t row = 0; row < product.batch.rows(); ++row, cursor.next_row())
      impl_->run(prepared, product, cursor);
  } catch (const dnnl::error& error) {
    fail("matmul: oneDNN cannot multiply [{}, {}] by [{}, {}] in {}: {}", product.m, product.k, product.k,
         product.n, bv2::name(product.dtype), error.what());
  }
}

}  // namespace bv2::engine::eager
