// Runs each kernel of a layer operation that takes some inputs.
#include "support/kernels.h"

#include <cmath>
#include <limits>

namespace bv2::test {

engine::Tensor magnitudes(const engine::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  std::vector<double> values = values_of(tensor);
  for (double& value : values) value = std::abs(value);
  return tensor_from(values, Dtype::float64, tensor.shape());
}

std::string first_outside(const engine::Tensor& found, const std::vector<double>& expected,
                          const std::vector<double>& bounds) {
  const std::vector<double> values = values_of(found);
  if (values.size() != expected.size()) return "the result has another size";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::abs(values[i] - expected[i]) <= bounds[i]) continue;  // false for NaN
    return fmt::format("element {}: {} instead of {}, bound {}", i, values[i], expected[i], bounds[i]);
  }
  return {};
}

double store_error(Dtype dtype, double value) {
  const double smallest = dtype == Dtype::float16 ? 0x1p-24 : std::numeric_limits<float>::min();
  return std::max(info(dtype).epsilon / 2 * std::abs(value), smallest);
}

double sum_error(std::int64_t terms, double magnitude) {
  const double unit = info(Dtype::float32).epsilon / 2;
  return static_cast<double>(terms) * (unit * magnitude + std::numeric_limits<float>::min());
}

}  // namespace bv2::test
