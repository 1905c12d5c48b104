// Element types: one table of their names, sizes and precision.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace bv2 {

enum class Dtype { float32, bfloat16, float16, float64, int64, int32, int16, int8, uint8, boolean };

/// What is to be known of a dtype.
struct DtypeInfo {
  Dtype dtype;
  std::string_view name;              ///< as PyTorch names it: "bfloat16"
  std::string_view safetensors_name;  ///< as safetensors headers name it: "BF16"
  std::size_t size_bytes;
  double epsilon;  ///< distance from 1 to the next larger number; 0 for integers
};

/// All dtypes, in the order of the enumeration.
std::span<const DtypeInfo> dtype_table();

const DtypeInfo& info(Dtype dtype);
inline std::string_view name(Dtype dtype) { return info(dtype).name; }
inline std::size_t size_bytes(Dtype dtype) { return info(dtype).size_bytes; }

/// The dtype of that name ("bfloat16", with or without "torch."), if there is one.
std::optional<Dtype> dtype_from_name(std::string_view name);
/// The dtype of that safetensors name ("BF16"), if there is one.
std::optional<Dtype> dtype_from_safetensors_name(std::string_view name);

}  // namespace bv2
