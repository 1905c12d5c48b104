// How fast this machine multiplies matrices.
#include "engine/limits/product_rate.h"

#include <fmt/format.h>

#include <array>
#include <dnnl.hpp>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/ops/isa.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

using DataType = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

struct ProductShape {
  std::int64_t rows;
  std::int64_t outputs;
  std::int64_t depth;
};
// Prompts and layers of small and of middling models: which is fastest depends on the caches.
constexpr std::array shapes{ProductShape{128, 1536, 576}, ProductShape{128, 2048, 2048},
                            ProductShape{512, 2048, 2048}, ProductShape{1024, 4096, 1024}};

DataType data_type(Dtype dtype) {
  if (dtype == Dtype::bfloat16) return DataType::bf16;
  return dtype == Dtype::float16 ? DataType::f16 : DataType::f32;
}

/// A matrix of numbers around 1: zeros may be multiplied faster than others.
dnnl::memory filled(const dnnl::memory::desc& plain_float, const dnnl::memory::desc& wanted,
                    const dnnl::engine& engine, dnnl::stream& stream) {
  dnnl::memory from(plain_float, engine);
  auto* values = static_cast<float*>(from.get_data_handle());
  const std::size_t count = plain_float.get_size() / sizeof(float);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    values[i] = static_cast<float>(state >> 8U) * 0x1p-23F - 1;
  }
  dnnl::memory to(wanted, engine);
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return to;
}

class TimedProduct {
 public:
  TimedProduct(const ProductShape& shape, DataType type, const dnnl::engine& engine, dnnl::stream& stream)
      : shape_(shape), description_(describe(shape, type, engine)), product_(description_) {
    const dnnl::memory::desc x({shape.rows, shape.depth}, DataType::f32, Tag::ab);
    const dnnl::memory::desc weight({shape.depth, shape.outputs}, DataType::f32, Tag::ab);
    arguments_ = {{DNNL_ARG_SRC, filled(x, description_.src_desc(), engine, stream)},
                  {DNNL_ARG_WEIGHTS, filled(weight, description_.weights_desc(), engine, stream)},
                  {DNNL_ARG_DST, dnnl::memory(description_.dst_desc(), engine)}};
  }

  [[nodiscard]] std::string implementation() const { return description_.impl_info_str(); }
  [[nodiscard]] std::string shape() const {
    return fmt::format("{} x {} x {}", shape_.rows, shape_.outputs, shape_.depth);
  }

  /// Operations a second of one product.
  double run(dnnl::stream& stream) {
    const std::int64_t start_ns = monotonic_now_ns();
    product_.execute(stream, arguments_);
    stream.wait();
    const std::int64_t spent_ns = std::max<std::int64_t>(1, monotonic_now_ns() - start_ns);
    return 2.0 * static_cast<double>(shape_.rows * shape_.outputs * shape_.depth) /
           (static_cast<double>(spent_ns) * 1e-9);
  }

 private:
  static dnnl::matmul::primitive_desc describe(const ProductShape& shape, DataType type,
                                               const dnnl::engine& engine) {
    const dnnl::matmul::desc operation(dnnl::memory::desc({shape.rows, shape.depth}, type, Tag::ab),
                                       dnnl::memory::desc({shape.depth, shape.outputs}, type, Tag::any),
                                       dnnl::memory::desc({shape.rows, shape.outputs}, type, Tag::ab));
    return {operation, engine};
  }

  ProductShape shape_;
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul product_;
  std::unordered_map<int, dnnl::memory> arguments_;
};

}  // namespace

std::optional<MeasuredProductRate> measure_product_rate(Dtype dtype, std::int64_t threads, double seconds) {
  apply_isa_cap();
  set_thread_count(threads);
  std::vector<TimedProduct> products;
  try {
    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    dnnl::stream stream(engine);
    try {
      for (const ProductShape& shape : shapes) {
        products.emplace_back(shape, data_type(dtype), engine, stream);
      }
    } catch (const dnnl::error& error) {
      if (error.status == dnnl_unimplemented) return std::nullopt;
      throw;
    }
    if (products.front().implementation().starts_with("ref")) return std::nullopt;
    MeasuredProductRate best;
    const std::int64_t end_ns = monotonic_now_ns() + static_cast<std::int64_t>(seconds * 1e9);
    do {
      for (TimedProduct& product : products) {
        const double rate = product.run(stream);
        if (rate > best.operations_per_second) best = {rate, product.shape(), product.implementation()};
      }
    } while (monotonic_now_ns() < end_ns);
    return best;
  } catch (const dnnl::error& error) {
    fail("oneDNN could not measure products in {}: {}", name(dtype), error.what());
  }
}

MeasuredProductRate measure_arithmetic_rate(Dtype dtype, std::int64_t threads, double seconds) {
  if (const auto measured = measure_product_rate(dtype, threads, seconds)) return *measured;
  const auto measured = measure_product_rate(Dtype::float32, threads, seconds);
  if (!measured) fail("oneDNN has no fast product in float32 on this machine");
  return *measured;
}

}  // namespace bv2::engine
