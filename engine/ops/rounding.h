// A number as a dtype holds it.
#pragma once

#include "base/dtype.h"
#include "base/float16.h"

namespace bv2::engine {

/// The nearest number that the floating-point dtype has.
inline double rounded(double value, Dtype dtype) {
  switch (dtype) {
    case Dtype::float32:
      return static_cast<float>(value);
    case Dtype::bfloat16:
      return static_cast<float>(BFloat16(static_cast<float>(value)));
    case Dtype::float16:
      return static_cast<float>(Float16(static_cast<float>(value)));
    default:
      return value;
  }
}

/// The most negative finite number of the floating-point dtype.
inline double lowest(Dtype dtype) {
  switch (dtype) {
    case Dtype::bfloat16:
      return -0x1.fep127;
    case Dtype::float16:
      return -65504;
    case Dtype::float64:
      return -0x1.fffffffffffffp1023;
    default:
      return -0x1.fffffep127;
  }
}

}  // namespace bv2::engine
