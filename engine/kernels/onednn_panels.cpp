// Products with packed weights by oneDNN.
#include "engine/kernels/onednn_panels.h"

#include <array>
#include <dnnl.hpp>
#include <map>
#include <string_view>
#include <tuple>

#include "engine/ops/isa.h"

namespace bv2::engine {
namespace {

using Tag = dnnl::memory::format_tag;
using DataType = dnnl::memory::data_type;

// A session sees a handful of shapes; a long run over many prompt lengths must not keep them all.
constexpr std::size_t kept_primitives = 512;

struct Key {
  Dtype dtype;
  std::int64_t rows, outputs, depth;
  ProductFusion fusion;
  friend auto operator<=>(const Key&, const Key&) = default;
};

struct Prepared {
  dnnl::matmul::primitive_desc description;
  dnnl::matmul primitive;
  dnnl::memory::desc bias;
  dnnl::memory::desc other;
};

struct Algorithm {
  Activation activation;
  dnnl::algorithm algorithm;
  float alpha;
};
constexpr std::array algorithms{Algorithm{Activation::silu, dnnl::algorithm::eltwise_swish, 1},
                                Algorithm{Activation::gelu, dnnl::algorithm::eltwise_gelu_erf, 0},
                                Algorithm{Activation::gelu_tanh, dnnl::algorithm::eltwise_gelu_tanh, 0},
                                Algorithm{Activation::relu, dnnl::algorithm::eltwise_relu, 0}};

DataType data_type(Dtype dtype) { return dtype == Dtype::bfloat16 ? DataType::bf16 : DataType::f32; }

Prepared prepare(const Key& key, const dnnl::engine& engine) {
  const DataType type = data_type(key.dtype);
  const dnnl::memory::desc x({key.rows, key.depth}, type, Tag::ab);
  const dnnl::memory::desc weight({key.depth, key.outputs}, type,
                                  key.dtype == Dtype::bfloat16 ? Tag::BA16a64b2a : Tag::BA16a64b);
  const dnnl::memory::desc out({key.rows, key.outputs}, type, Tag::ab);
  const dnnl::memory::desc bias =
      key.fusion.bias ? dnnl::memory::desc({1, key.outputs}, type, Tag::ab) : dnnl::memory::desc();
  dnnl::post_ops after;
  if (key.fusion.activation) {
    for (const Algorithm& known : algorithms) {
      if (known.activation == *key.fusion.activation)
        after.append_eltwise(1, known.algorithm, known.alpha, 0);
    }
  }
  using Other = ProductFusion::Other;
  if (key.fusion.other == Other::add) after.append_binary(dnnl::algorithm::binary_add, out);
  if (key.fusion.other == Other::multiply) after.append_binary(dnnl::algorithm::binary_mul, out);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  const dnnl::matmul::desc operation =
      key.fusion.bias ? dnnl::matmul::desc(x, weight, bias, out) : dnnl::matmul::desc(x, weight, out);
  const dnnl::matmul::primitive_desc description(operation, attributes, engine);
  return {description, dnnl::matmul(description), bias, out};
}

dnnl::memory at(const dnnl::memory::desc& description, const dnnl::engine& engine, const std::byte* data) {
  return {description, engine, const_cast<std::byte*>(data)};
}

}  // namespace

struct OneDnnPanels::Impl {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::map<Key, Prepared> prepared;
};

OneDnnPanels::OneDnnPanels() : impl_(std::make_unique<Impl>()) {}
OneDnnPanels::~OneDnnPanels() = default;

void OneDnnPanels::multiply(const PanelProduct& product) {
  const PanelMatrix& weight = product.weight;
  if (product.rows == 0 || weight.outputs == 0) return;
  try {
    const Key key{weight.dtype, product.rows, weight.outputs, weight.depth, product.fusion};
    auto found = impl_->prepared.find(key);
    if (found == impl_->prepared.end()) {
      if (impl_->prepared.size() >= kept_primitives) impl_->prepared.clear();
      found = impl_->prepared.emplace(key, prepare(key, impl_->engine)).first;
    }
    const Prepared& ready = found->second;
    const dnnl::engine& engine = impl_->engine;
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, at(ready.description.src_desc(), engine, product.x)},
        {DNNL_ARG_WEIGHTS, at(ready.description.weights_desc(), engine, weight.data)},
        {DNNL_ARG_DST, at(ready.description.dst_desc(), engine, product.out)}};
    if (product.fusion.bias) arguments.emplace(DNNL_ARG_BIAS, at(ready.bias, engine, product.bias));
    if (product.fusion.other != ProductFusion::Other::none) {
      const int place = product.fusion.activation ? 1 : 0;
      arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(place) | DNNL_ARG_SRC_1,
                        at(ready.other, engine, product.other));
    }
    ready.primitive.execute(impl_->stream, arguments);
  } catch (const dnnl::error& error) {
    fail("oneDNN could not multiply [{}, {}] by packed weights [{}, {}] in {}: {}", product.rows,
         weight.depth, weight.outputs, weight.depth, name(weight.dtype), error.what());
  }
}

std::string OneDnnPanels::isa(Dtype dtype) {
  // Blocked weights go to oneDNN's AVX-512 and AMX kernels; below that it has plain loops for them, slower
  // than ours. BV2_MAX_ISA stands for the whole program.
  if (dtype == Dtype::float16 || !effective_isa().starts_with("avx512")) return {};
  try {
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    const Prepared probe = prepare({dtype, 32, 64, 64, {}}, engine);
    const std::string_view implementation = probe.description.impl_info_str();
    const std::string_view wanted = "brg:";
    return implementation.starts_with(wanted) ? std::string(implementation.substr(wanted.size()))
                                              : std::string();
  } catch (const dnnl::error&) {
    return {};
  }
}

}  // namespace bv2::engine
