// Attention in double precision from its formula, with bounds of what float32 arithmetic may differ by.
#include "support/attention_oracle.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "support/values.h"

namespace bv2::test {

using engine::Shape;
using engine::Tensor;

namespace {

constexpr double float_rounding = 0x1p-24;

/// The largest relative error of one rounding to the dtype.
double rounding(Dtype dtype) { return info(dtype).epsilon / 2; }
/// The largest absolute error of rounding near 0.
double underflow(Dtype dtype) { return dtype == Dtype::float16 ? 0x1p-25 : 0x1p-126; }

struct Row {
  std::vector<double> weights;  // of each key, sum 1; all 0 where no key is seen
  double score = 0;             // largest |score|
  double absolute = 0;          // largest sum of |q k| * scale
  bool sees_a_key = false;
};

bool visible(const AttentionCase& shape, std::int64_t batch, std::int64_t token, std::int64_t key) {
  const std::int64_t position = shape.keys - shape.tokens + token;
  if (shape.attention.causal && key > position) return false;
  if (shape.attention.window > 0 && key <= position - shape.attention.window) return false;
  return shape.padding.empty() || static_cast<double>(key) >= shape.padding[static_cast<std::size_t>(batch)];
}

Row row_of(const AttentionCase& shape, std::int64_t batch, std::int64_t token, const double* query,
           const double* keys) {
  Row row;
  row.weights.assign(static_cast<std::size_t>(shape.keys), 0);
  std::vector<double> scores(row.weights.size());
  double largest = -INFINITY;
  for (std::int64_t key = 0; key < shape.keys; ++key) {
    if (!visible(shape, batch, token, key)) continue;
    double dot = 0;
    double absolute = 0;
    for (std::int64_t i = 0; i < shape.head_dim; ++i) {
      const double product = query[i] * keys[key * shape.head_dim + i];
      dot += product;
      absolute += std::abs(product);
    }
    double score = dot * shape.attention.scale;
    row.score = std::max(row.score, std::abs(score));
    row.absolute = std::max(row.absolute, absolute * std::abs(shape.attention.scale));
    if (shape.attention.softcap != 0) {
      score = shape.attention.softcap * std::tanh(score / shape.attention.softcap);
    }
    scores[static_cast<std::size_t>(key)] = score;
    largest = std::max(largest, score);
    row.sees_a_key = true;
  }
  double sum = 0;
  for (std::int64_t key = 0; key < shape.keys; ++key) {
    if (!visible(shape, batch, token, key)) continue;
    const auto index = static_cast<std::size_t>(key);
    row.weights[index] = std::exp(scores[index] - largest);
    sum += row.weights[index];
  }
  if (row.sees_a_key) {
    for (double& weight : row.weights) weight /= sum;
  }
  return row;
}

/// Error of a score in float32, natural units: a sum of head_dim products (Higham 2002, 3.1: n u sum|q k|),
/// the scaling, and 4 ulp of Highway's tanh times the cap.
double score_error(const AttentionCase& shape, const Row& row) {
  const double terms = static_cast<double>(shape.head_dim) + 4;
  return float_rounding * (terms * row.absolute + 4 * row.score + 12 * shape.attention.softcap);
}

/// Relative error of weight and sum: exp of twice the scores' error (its own and the max's), exp2 itself, the
/// sums.
double weight_error(const AttentionCase& shape, double score_error) {
  const double sums = 2 * static_cast<double>(shape.keys) + 16;
  return std::expm1(4 * score_error) + float_rounding * sums;
}

double single_bound(const AttentionCase& shape, const Row& row, double out, double absolute_out) {
  return weight_error(shape, score_error(shape, row)) * absolute_out + rounding(shape.dtype) * std::abs(out) +
         underflow(shape.dtype);
}

/// The definition also rounds the product, the scaled score, each step of the softcap, the weights and the
/// result.
double eager_bound(const AttentionCase& shape, const Row& row, double out, double absolute_out,
                   double largest_value) {
  const double step = rounding(shape.dtype);
  const double scores =
      score_error(shape, row) +
      step * (3 * row.score + (shape.attention.softcap != 0 ? row.score : 0) + 3 * shape.attention.softcap);
  const double small_weights = static_cast<double>(shape.keys) * underflow(shape.dtype) * largest_value;
  return (weight_error(shape, scores) + 1.5 * step) * absolute_out + small_weights +
         1.5 * step * std::abs(out) + underflow(shape.dtype);
}

}  // namespace

std::string AttentionCase::name() const {
  return fmt::format(
      "{} batch {} kv_heads {} group {} tokens {} keys {} head_dim {} {} window {} softcap {} padding {}",
      bv2::name(dtype), batch, kv_heads, group, tokens, keys, head_dim, attention.causal ? "causal" : "full",
      attention.window, attention.softcap, padding);
}

AttentionInputs random_inputs(const AttentionCase& shape, std::mt19937_64& random) {
  const Shape cache{shape.batch, shape.kv_heads, shape.keys, shape.head_dim};
  // As the model gives it: heads split from [batch, tokens, heads * head_dim].
  const Tensor q = random_tensor(random, shape.dtype,
                                 {shape.batch, shape.tokens, shape.kv_heads * shape.group, shape.head_dim});
  AttentionInputs inputs{.q = q.transpose(1, 2),
                         .k = in_larger_cache(random_tensor(random, shape.dtype, cache), 3),
                         .v = in_larger_cache(random_tensor(random, shape.dtype, cache), 5),
                         .padding = {}};
  if (!shape.padding.empty()) inputs.padding = tensor_from(shape.padding, Dtype::int64, {shape.batch});
  return inputs;
}

AttentionExpected expected_attention(const AttentionCase& shape, const AttentionInputs& inputs) {
  const std::vector<double> queries = values_of(inputs.q);
  const std::vector<double> keys = values_of(inputs.k);
  const std::vector<double> values = values_of(inputs.v);
  double largest_value = 0;
  for (const double value : values) largest_value = std::max(largest_value, std::abs(value));
  AttentionExpected expected;
  for (std::int64_t head = 0; head < shape.batch * shape.kv_heads * shape.group; ++head) {
    const std::int64_t cached =
        head / shape.group * shape.keys * shape.head_dim;  // heads are batch-major in both
    for (std::int64_t token = 0; token < shape.tokens; ++token) {
      const Row row =
          row_of(shape, head / (shape.kv_heads * shape.group), token,
                 queries.data() + (head * shape.tokens + token) * shape.head_dim, keys.data() + cached);
      for (std::int64_t column = 0; column < shape.head_dim; ++column) {
        double out = 0;
        double absolute_out = 0;
        for (std::int64_t key = 0; key < shape.keys; ++key) {
          const double weight = row.weights[static_cast<std::size_t>(key)];
          const double value = values[static_cast<std::size_t>(cached + key * shape.head_dim + column)];
          out += weight * value;
          absolute_out += weight * std::abs(value);
        }
        expected.out.push_back(out);
        expected.single_bound.push_back(single_bound(shape, row, out, absolute_out));
        expected.eager_bound.push_back(eager_bound(shape, row, out, absolute_out, largest_value));
        expected.sees_a_key.push_back(row.sees_a_key);
      }
    }
  }
  return expected;
}

}  // namespace bv2::test
