// Rotary position embedding: inverse frequencies by rope_type, and cos and sin of positions.
#include "engine/ops/rope_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace bv2::engine {
namespace {

using Frequencies = std::vector<float>;

/// The parameters of one configuration, with errors that name them.
class Parameters {
 public:
  Parameters(const RopeConfig& config, std::int64_t head_dim, std::int64_t max_positions)
      : config_(config),
        rotary_dim_(static_cast<std::int64_t>(static_cast<double>(head_dim) * config.partial_rotary_factor)),
        max_positions_(max_positions) {
    if (rotary_dim_ < 2 || rotary_dim_ % 2 != 0 || rotary_dim_ > head_dim) {
      fail(
          "rope: head_dim {} and partial_rotary_factor {} give {} dimensions to rotate, which must be even "
          "and at least 2",
          head_dim, config.partial_rotary_factor, rotary_dim_);
    }
    if (!(config.theta > 0)) fail("rope: rope_theta {} must be above 0", config.theta);
  }

  [[nodiscard]] std::int64_t rotary_dim() const { return rotary_dim_; }
  [[nodiscard]] double theta() const { return config_.theta; }
  [[nodiscard]] double max_positions() const { return static_cast<double>(max_positions_); }

  /// Given and a number other than null.
  [[nodiscard]] bool has(const char* name) const {
    const auto found = config_.parameters.find(name);
    return found != config_.parameters.end() && !found->is_null();
  }
  [[nodiscard]] double number(const char* name) const {
    const Json& value = at(name);
    if (!value.is_number()) fail("rope: {} of rope_type '{}' must be a number", name, config_.rope_type);
    return value.get<double>();
  }
  [[nodiscard]] double number_or(const char* name, double otherwise) const {
    return has(name) ? number(name) : otherwise;
  }
  /// As Python's `or`: 0 counts as not given.
  [[nodiscard]] double nonzero_or(const char* name, double otherwise) const {
    const double value = number_or(name, otherwise);
    return value == 0 ? otherwise : value;
  }
  [[nodiscard]] double positive(const char* name) const {
    const double value = number(name);
    if (!(value > 0))
      fail("rope: {} of rope_type '{}' is {}, it must be above 0", name, config_.rope_type, value);
    return value;
  }
  [[nodiscard]] bool flag_or(const char* name, bool otherwise) const {
    if (!has(name)) return otherwise;
    if (!at(name).is_boolean())
      fail("rope: {} of rope_type '{}' must be true or false", name, config_.rope_type);
    return at(name).get<bool>();
  }
  /// One number a frequency.
  [[nodiscard]] Frequencies list(const char* name) const {
    const Json& value = at(name);
    const auto wanted = static_cast<std::size_t>(rotary_dim_ / 2);
    const bool numbers = value.is_array() &&
                         std::ranges::all_of(value, [](const Json& element) { return element.is_number(); });
    if (!numbers || value.size() != wanted) {
      fail("rope: {} of rope_type '{}' must be a list of {} numbers", name, config_.rope_type, wanted);
    }
    return value.get<Frequencies>();
  }
  [[nodiscard]] double original_positions() const {
    return has("original_max_position_embeddings") ? positive("original_max_position_embeddings")
                                                   : max_positions();
  }
  [[nodiscard]] double factor_or_ratio() const {
    return has("factor") ? positive("factor") : max_positions() / original_positions();
  }

 private:
  [[nodiscard]] const Json& at(const char* name) const {
    if (!has(name)) fail("rope: rope_type '{}' needs the parameter {}", config_.rope_type, name);
    return config_.parameters.at(name);
  }

  const RopeConfig& config_;
  std::int64_t rotary_dim_;
  std::int64_t max_positions_;
};

/// What a type gives.
struct Rope {
  Frequencies frequencies{};
  double attention_factor = 1;
  std::int64_t long_from = 0;
  std::function<Frequencies(std::int64_t)> long_frequencies{};
};

/// theta^(2i / rotary_dim), each step rounded to float32 as transformers' tensors are.
Frequencies wavelengths(double theta, std::int64_t rotary_dim) {
  Frequencies result;
  for (std::int64_t i = 0; i < rotary_dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(rotary_dim);
    result.push_back(static_cast<float>(
        std::pow(static_cast<double>(static_cast<float>(theta)), static_cast<double>(exponent))));
  }
  return result;
}

Frequencies default_frequencies(double theta, std::int64_t rotary_dim) {
  Frequencies result = wavelengths(theta, rotary_dim);
  for (float& value : result) value = 1.0F / value;
  return result;
}

Rope default_rope(const Parameters& parameters) {
  return {.frequencies = default_frequencies(parameters.theta(), parameters.rotary_dim())};
}

Rope linear_rope(const Parameters& parameters) {
  Rope rope = default_rope(parameters);
  const auto factor = static_cast<float>(parameters.positive("factor"));
  for (float& value : rope.frequencies) value /= factor;
  return rope;
}

/// NTK-aware scaling whose base grows with the sequence.
Rope dynamic_rope(const Parameters& parameters) {
  const std::int64_t rotary_dim = parameters.rotary_dim();
  if (rotary_dim == 2) fail("rope: rope_type 'dynamic' needs more than 2 dimensions to rotate");
  const double theta = parameters.theta();
  const double factor = parameters.positive("factor");
  const double positions = parameters.max_positions();
  Rope rope = default_rope(parameters);
  rope.long_from = static_cast<std::int64_t>(positions);
  rope.long_frequencies = [=](std::int64_t length) {
    const double stretch = factor * static_cast<double>(length) / positions - (factor - 1);
    const auto dim = static_cast<double>(rotary_dim);
    return default_frequencies(theta * std::pow(stretch, dim / (dim - 2)), rotary_dim);
  };
  return rope;
}

double yarn_attention_factor(const Parameters& parameters, double factor) {
  if (parameters.has("attention_factor")) return parameters.number("attention_factor");
  const auto scale = [&](double mscale) { return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1; };
  const double mscale = parameters.number_or("mscale", 0);
  const double mscale_all_dim = parameters.number_or("mscale_all_dim", 0);
  if (mscale != 0 && mscale_all_dim != 0) return scale(mscale) / scale(mscale_all_dim);
  return scale(1);
}

/// Frequencies that turn often keep their angle, slow ones are interpolated, with a ramp between.
Rope yarn_rope(const Parameters& parameters) {
  const std::int64_t rotary_dim = parameters.rotary_dim();
  const auto dim = static_cast<double>(rotary_dim);
  const double factor = parameters.factor_or_ratio();
  const double original = parameters.original_positions();
  const auto dimension_that_turns = [&](double rotations) {
    return dim * std::log(original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(parameters.theta()));
  };
  double low = dimension_that_turns(parameters.nonzero_or("beta_fast", 32));
  double high = dimension_that_turns(parameters.nonzero_or("beta_slow", 1));
  if (parameters.flag_or("truncate", true)) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;

  Rope rope{.frequencies = wavelengths(parameters.theta(), rotary_dim),
            .attention_factor = yarn_attention_factor(parameters, factor)};
  for (std::size_t i = 0; i < rope.frequencies.size(); ++i) {
    const float wavelength = rope.frequencies[i];
    const float ramp = std::clamp(
        (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low), 0.0F, 1.0F);
    const float kept = 1.0F - ramp;
    const float interpolated = 1.0F / (static_cast<float>(factor) * wavelength);
    rope.frequencies[i] = interpolated * (1.0F - kept) + 1.0F / wavelength * kept;
  }
  return rope;
}

/// Llama 3.1: long wavelengths are divided by the factor, short ones kept, with a smooth step between.
Rope llama3_rope(const Parameters& parameters) {
  const auto factor = static_cast<float>(parameters.positive("factor"));
  const double low_factor = parameters.positive("low_freq_factor");
  const double high_factor = parameters.positive("high_freq_factor");
  const double original = parameters.original_positions();
  if (low_factor >= high_factor) {
    fail("rope: low_freq_factor {} of rope_type 'llama3' must be below high_freq_factor {}", low_factor,
         high_factor);
  }
  const auto longest_kept = static_cast<float>(original / high_factor);
  const auto shortest_divided = static_cast<float>(original / low_factor);
  Rope rope = default_rope(parameters);
  for (float& value : rope.frequencies) {
    const float wavelength = static_cast<float>(2 * std::numbers::pi) / value;
    if (wavelength < longest_kept) continue;
    if (wavelength > shortest_divided) {
      value /= factor;
      continue;
    }
    const float smooth = (static_cast<float>(original) / wavelength - static_cast<float>(low_factor)) /
                         static_cast<float>(high_factor - low_factor);
    value = (1.0F - smooth) * value / factor + smooth * value;
  }
  return rope;
}

/// Searched factors, one a frequency: one list for sequences of the original length, one for longer ones.
Rope longrope_rope(const Parameters& parameters) {
  const double original = parameters.original_positions();
  const double factor = parameters.factor_or_ratio();
  const Frequencies base = wavelengths(parameters.theta(), parameters.rotary_dim());
  const auto scaled = [&](Frequencies factors) {
    for (std::size_t i = 0; i < factors.size(); ++i) factors[i] = 1.0F / (factors[i] * base[i]);
    return factors;
  };
  Rope rope{.frequencies = scaled(parameters.list("short_factor")),
            .long_from = static_cast<std::int64_t>(original),
            .long_frequencies = [frequencies = scaled(parameters.list("long_factor"))](std::int64_t) {
              return frequencies;
            }};
  if (parameters.has("attention_factor")) {
    rope.attention_factor = parameters.number("attention_factor");
  } else if (factor > 1) {
    rope.attention_factor = std::sqrt(1 + std::log(factor) / std::log(original));
  }
  return rope;
}

struct Type {
  std::string_view name;
  Rope (*make)(const Parameters&);
};

constexpr std::array types{Type{"default", default_rope}, Type{"linear", linear_rope},
                           Type{"dynamic", dynamic_rope}, Type{"yarn", yarn_rope},
                           Type{"llama3", llama3_rope},   Type{"longrope", longrope_rope}};

template <class T>
void write_angles(T* cos, T* sin, std::int64_t position, const Frequencies& frequencies, float factor) {
  const std::size_t half = frequencies.size();
  for (std::size_t i = 0; i < half; ++i) {
    const float angle = static_cast<float>(position) * frequencies[i];
    cos[i] = cos[half + i] = T(std::cos(angle) * factor);
    sin[i] = sin[half + i] = T(std::sin(angle) * factor);
  }
}

/// The angles of one sequence's positions into row `row` of `out`.
template <class T>
void write_row(const CosSin& out, std::int64_t row, std::span<const std::int64_t> positions,
               const Frequencies& frequencies, float factor) {
  const auto width = static_cast<std::int64_t>(2 * frequencies.size());
  std::int64_t place = row * static_cast<std::int64_t>(positions.size()) * width;
  for (const std::int64_t position : positions) {
    write_angles(out.cos.data<T>() + place, out.sin.data<T>() + place, position, frequencies, factor);
    place += width;
  }
}

void write_row(const CosSin& out, std::int64_t row, std::span<const std::int64_t> positions,
               const Frequencies& frequencies, double attention_factor) {
  const auto factor = static_cast<float>(attention_factor);
  switch (out.cos.dtype()) {
    case Dtype::float32:
      return write_row<float>(out, row, positions, frequencies, factor);
    case Dtype::bfloat16:
      return write_row<BFloat16>(out, row, positions, frequencies, factor);
    case Dtype::float16:
      return write_row<Float16>(out, row, positions, frequencies, factor);
    default:
      fail("rope: cos and sin are float32, bfloat16 or float16, not {}", name(out.cos.dtype()));
  }
}

CosSin empty_angles(Dtype dtype, std::int64_t batch, std::int64_t tokens, std::int64_t rotary_dim) {
  const Shape shape{batch, 1, tokens, rotary_dim};
  return {Tensor(dtype, shape), Tensor(dtype, shape)};
}

}  // namespace

std::vector<float> RopeTable::inverse_frequencies(std::int64_t sequence_length) const {
  return long_frequencies_ && sequence_length > long_from_ ? long_frequencies_(sequence_length)
                                                           : frequencies_;
}

CosSin RopeTable::cos_sin(std::int64_t first_position, std::int64_t count, Dtype dtype) const {
  const CosSin angles = empty_angles(dtype, 1, count, rotary_dim());
  cos_sin_into(first_position, angles);
  return angles;
}

void RopeTable::cos_sin_into(std::int64_t first_position, const CosSin& out) const {
  const std::int64_t count = out.cos.size(2);
  const auto write = [&](const Frequencies& frequencies) {
    for (std::int64_t token = 0; token < count; ++token) {
      const std::int64_t position = first_position + token;
      write_row(out, token, std::span(&position, 1), frequencies, attention_factor_);
    }
  };
  const bool is_long = long_frequencies_ && first_position + count > long_from_;
  if (is_long)
    write(long_frequencies_(first_position + count));
  else
    write(frequencies_);
}

CosSin RopeTable::cos_sin(const Tensor& positions, Dtype dtype) const {
  const std::int64_t batch = positions.size(0);
  const std::int64_t tokens = positions.size(1);
  const CosSin angles = empty_angles(dtype, batch, tokens, rotary_dim());
  if (tokens == 0) return angles;
  for (std::int64_t row = 0; row < batch; ++row) {
    const auto sequence = positions.span<std::int64_t>().subspan(static_cast<std::size_t>(row * tokens),
                                                                 static_cast<std::size_t>(tokens));
    write_row(angles, row, sequence, inverse_frequencies(std::ranges::max(sequence) + 1), attention_factor_);
  }
  return angles;
}

RopeTable make_rope_table(const RopeConfig& config, std::int64_t head_dim, std::int64_t max_positions) {
  const auto* type = std::ranges::find(types, config.rope_type, &Type::name);
  if (type == types.end()) {
    std::vector<std::string_view> names;
    for (const Type& known : types) names.push_back(known.name);
    fail("rope_type '{}' is not supported (supported: {})", config.rope_type, fmt::join(names, ", "));
  }
  const Rope rope = type->make(Parameters(config, head_dim, max_positions));
  RopeTable table;
  table.frequencies_ = rope.frequencies;
  table.attention_factor_ = rope.attention_factor;
  table.long_from_ = rope.long_from;
  table.long_frequencies_ = rope.long_frequencies;
  return table;
}

}  // namespace bv2::engine
