// Element types: one table of their names, sizes and precision.
#include "base/dtype.h"

#include <algorithm>
#include <array>

namespace bv2 {
namespace {

constexpr std::array table{
    DtypeInfo{Dtype::float32, "float32", "F32", 4, 0x1p-23},
    DtypeInfo{Dtype::bfloat16, "bfloat16", "BF16", 2, 0x1p-7},
    DtypeInfo{Dtype::float16, "float16", "F16", 2, 0x1p-10},
    DtypeInfo{Dtype::float64, "float64", "F64", 8, 0x1p-52},
    DtypeInfo{Dtype::int64, "int64", "I64", 8, 0},
    DtypeInfo{Dtype::int32, "int32", "I32", 4, 0},
    DtypeInfo{Dtype::int16, "int16", "I16", 2, 0},
    DtypeInfo{Dtype::int8, "int8", "I8", 1, 0},
    DtypeInfo{Dtype::uint8, "uint8", "U8", 1, 0},
    DtypeInfo{Dtype::boolean, "bool", "BOOL", 1, 0},
};

std::optional<Dtype> find(std::string_view DtypeInfo::*field, std::string_view wanted) {
  const auto* found = std::ranges::find(table, wanted, field);
  if (found == table.end()) return std::nullopt;
  return found->dtype;
}

}  // namespace

std::span<const DtypeInfo> dtype_table() { return table; }

const DtypeInfo& info(Dtype dtype) { return table.at(static_cast<std::size_t>(dtype)); }

std::optional<Dtype> dtype_from_name(std::string_view name) {
  constexpr std::string_view prefix = "torch.";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return find(&DtypeInfo::name, name);
}

std::optional<Dtype> dtype_from_safetensors_name(std::string_view name) {
  return find(&DtypeInfo::safetensors_name, name);
}

}  // namespace bv2
