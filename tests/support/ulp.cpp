// Distances in units of the last place.
#include "support/ulp.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace bv2::test {
namespace {

/// Of a binary format: the exponent of the smallest normal number, that of the largest, and the fraction's
/// bits.
struct Format {
  int smallest;
  int largest;
  int fraction_bits;
};

Format format_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::float32:
      return {-126, 127, 23};
    case Dtype::bfloat16:
      return {-126, 127, 7};
    case Dtype::float16:
      return {-14, 15, 10};
    default:
      fail("{} has no spacing here", name(dtype));
  }
}

}  // namespace

double spacing(double number, Dtype dtype) {
  const Format format = format_of(dtype);
  const int exponent = number == 0 ? format.smallest : std::max(format.smallest, std::ilogb(number));
  return std::ldexp(1, exponent - format.fraction_bits);
}

double ulps_apart(double got, double exact, Dtype dtype) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (std::isnan(got) || std::isnan(exact)) return std::isnan(got) && std::isnan(exact) ? 0 : infinite;
  const Format format = format_of(dtype);
  // Halfway between the largest finite number and the next power of two, numbers become infinite.
  const double overflow = std::ldexp(2 - std::ldexp(1, -format.fraction_bits - 1), format.largest);
  const double largest = std::ldexp(2 - std::ldexp(1, -format.fraction_bits), format.largest);
  if (std::isinf(got)) return std::abs(exact) >= overflow && (got > 0) == (exact > 0) ? 0 : infinite;
  const double bounded = std::clamp(exact, -overflow, overflow);
  return std::abs(got - bounded) / spacing(std::clamp(exact, -largest, largest), dtype);
}

}  // namespace bv2::test
