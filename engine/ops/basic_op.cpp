// The basic tensor operations: their names.
#include "engine/ops/basic_op.h"

#include <array>

namespace bv2::engine {
namespace {

// In the order of the enumeration.
constexpr std::array names =
    std::to_array<std::string_view>({"cast",      "neg",        "exp",        "rsqrt",          "tanh",
                                     "sigmoid",   "silu",       "gelu",       "gelu_tanh",      "relu",
                                     "sin",       "cos",        "add_scalar", "mul_scalar",     "add",
                                     "sub",       "mul",        "div",        "maximum",        "sum",
                                     "mean",      "max",        "matmul",     "take_rows",      "argmax",
                                     "concat",    "contiguous", "copy_into",  "attention_mask", "reshape",
                                     "transpose", "slice",      "expand"});
static_assert(names.size() == static_cast<std::size_t>(BasicOp::expand) + 1);

}  // namespace

std::string_view name(BasicOp op) { return names[static_cast<std::size_t>(op)]; }

}  // namespace bv2::engine
