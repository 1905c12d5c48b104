// How fast this machine multiplies matrices: the limit of everything that computes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/dtype.h"

namespace bv2::engine {

/// The best that was found.
struct MeasuredProductRate {
  double operations_per_second = 0;  ///< multiplications and additions
  std::string shape;                 ///< rows x outputs x depth
  std::string implementation;        ///< the library's name for its code
};

/// Multiplies several shapes by oneDNN with `threads` threads, the weights in the layout that it likes best,
/// in turns for about `seconds`, and gives the fastest. Nothing where oneDNN has only its plain loops for
/// that dtype here. Sets the number of OpenMP's threads. Throws Error where oneDNN fails.
std::optional<MeasuredProductRate> measure_product_rate(Dtype dtype, std::int64_t threads, double seconds);
/// As measure_product_rate, in float32 where that gives nothing: the limit of what is computed on numbers of
/// that dtype. Throws Error where oneDNN has no fast product at all.
MeasuredProductRate measure_arithmetic_rate(Dtype dtype, std::int64_t threads, double seconds);

}  // namespace bv2::engine
