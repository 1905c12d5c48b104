// Products of many rows with packed weights, by oneDNN (which brings AMX and the dot products of
// AVX512-BF16).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/kernels/panels.h"
#include "engine/ops/layer.h"

namespace bv2::engine {

/// What is done to a product before it is rounded and stored.
struct ProductFusion {
  bool bias = false;
  std::optional<Activation> activation;
  enum class Other { none, add, multiply } other = Other::none;  ///< with another [rows, outputs]
  friend auto operator<=>(const ProductFusion&, const ProductFusion&) = default;
};

/// out [rows, outputs] = other op activation(x weight^T + bias), all in the weight's dtype and row-major.
struct PanelProduct {
  PanelMatrix weight;
  std::int64_t rows = 0;
  ProductFusion fusion;
  const std::byte* x = nullptr;      ///< [rows, depth]
  const std::byte* bias = nullptr;   ///< [outputs], where fused
  const std::byte* other = nullptr;  ///< [rows, outputs], where fused
  std::byte* out = nullptr;
};

/// Keeps the primitives that it made, so that a shape is prepared once. One thread at a time; a product uses
/// OpenMP's threads.
class OneDnnPanels {
 public:
  OneDnnPanels();
  ~OneDnnPanels();
  OneDnnPanels(const OneDnnPanels&) = delete;
  OneDnnPanels& operator=(const OneDnnPanels&) = delete;

  /// Throws Error with the shape when oneDNN cannot.
  void multiply(const PanelProduct& product);

  /// The instruction set by which oneDNN multiplies panels of that dtype here ("avx512_core_bf16"); empty
  /// where it has only its plain loops for them.
  static std::string isa(Dtype dtype);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bv2::engine
