// Rotary position embedding: the angles.
#include "engine/ops/rope_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace bv2::engine {
namespace {

/// What the frequencies of every type are made from.
struct Frequencies {
  const RopeConfig& config;
  std::int64_t dim;  ///< rotated elements
  std::int64_t max_positions;
  std::int64_t sequence_length;  ///< of this call

  [[nodiscard]] double number(const char* key) const { return config.parameters.at(key).get<double>(); }
};

/// theta^(2 i / dim), in float32 as transformers has it.
float period(double theta, std::int64_t i, std::int64_t dim) {
  return std::pow(static_cast<float>(theta), static_cast<float>(2 * i) / static_cast<float>(dim));
}

std::vector<float> plain(double theta, std::int64_t dim) {
  std::vector<float> inverse;
  for (std::int64_t i = 0; i < dim / 2; ++i) inverse.push_back(1.F / period(theta, i, dim));
  return inverse;
}

std::vector<float> default_frequencies(const Frequencies& f) { return plain(f.config.theta, f.dim); }

/// Positions interpolated (Chen et al. 2023).
std::vector<float> linear_frequencies(const Frequencies& f) {
  std::vector<float> inverse = plain(f.config.theta, f.dim);
  const auto factor = static_cast<float>(f.number("factor"));
  for (float& frequency : inverse) frequency /= factor;
  return inverse;
}

/// The base grows with the sequence once it is longer than the model was trained for (NTK-aware, dynamic).
std::vector<float> dynamic_frequencies(const Frequencies& f) {
  const double factor = f.number("factor");
  const auto longest = static_cast<double>(f.max_positions);
  const double length = std::max(static_cast<double>(f.sequence_length), longest);
  const auto dim = static_cast<double>(f.dim);
  const double theta = f.config.theta * std::pow(factor * length / longest - (factor - 1), dim / (dim - 2));
  return plain(theta, f.dim);
}

/// Peng et al. 2023: slow frequencies interpolated, fast ones kept, a ramp between.
std::vector<float> yarn_frequencies(const Frequencies& f) {
  const double original = f.number("original_max_position_embeddings");
  const auto dim = static_cast<double>(f.dim);
  // The dimension that turns so many times over the original context.
  const auto dim_of_rotations = [&](double rotations) {
    return dim * std::log(original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(f.config.theta));
  };
  const bool truncate = f.config.parameters.value("truncate", true);
  double low = dim_of_rotations(f.number("beta_fast"));
  double high = dim_of_rotations(f.number("beta_slow"));
  if (truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  const auto factor = static_cast<float>(f.number("factor"));
  std::vector<float> inverse = plain(f.config.theta, f.dim);
  for (std::size_t i = 0; i < inverse.size(); ++i) {
    const auto ramp = static_cast<float>(std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0));
    inverse[i] = inverse[i] / factor * ramp + inverse[i] * (1 - ramp);
  }
  return inverse;
}

/// Llama 3.1: wavelengths beyond the original context interpolated, short ones kept, a ramp between.
std::vector<float> llama3_frequencies(const Frequencies& f) {
  const double factor = f.number("factor");
  const double low_factor = f.number("low_freq_factor");
  const double high_factor = f.number("high_freq_factor");
  const double original = f.number("original_max_position_embeddings");
  std::vector<float> inverse = plain(f.config.theta, f.dim);
  for (float& frequency : inverse) {
    const double wavelength = 2 * std::numbers::pi / static_cast<double>(frequency);
    if (wavelength < original / high_factor) continue;
    if (wavelength > original / low_factor) {
      frequency = static_cast<float>(frequency / factor);
      continue;
    }
    const double smooth = (original / wavelength - low_factor) / (high_factor - low_factor);
    frequency = static_cast<float>((1 - smooth) * frequency / factor + smooth * frequency);
  }
  return inverse;
}

/// Ding et al. 2024: a factor of its own for each frequency, one set for short and one for long sequences.
std::vector<float> longrope_frequencies(const Frequencies& f) {
  const bool is_long = static_cast<double>(f.sequence_length) > f.number("original_max_position_embeddings");
  const auto factors =
      f.config.parameters.at(is_long ? "long_factor" : "short_factor").get<std::vector<float>>();
  std::vector<float> inverse;
  for (std::int64_t i = 0; i < f.dim / 2; ++i) {
    inverse.push_back(1.F / (factors.at(static_cast<std::size_t>(i)) * period(f.config.theta, i, f.dim)));
  }
  return inverse;
}

double no_attention_factor(const Frequencies&) { return 1; }

double yarn_attention_factor(const Frequencies& f) {
  const Json& given = f.config.parameters;
  if (given.contains("attention_factor")) return f.number("attention_factor");
  const double factor = f.number("factor");
  const auto scale = [factor](double mscale) {
    return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1;
  };
  const double mscale = given.value("mscale", 0.0);
  const double mscale_all_dim = given.value("mscale_all_dim", 0.0);
  return mscale != 0 && mscale_all_dim != 0 ? scale(mscale) / scale(mscale_all_dim) : scale(1);
}

double longrope_attention_factor(const Frequencies& f) {
  if (f.config.parameters.contains("attention_factor")) return f.number("attention_factor");
  const double original = f.number("original_max_position_embeddings");
  const double factor = f.config.parameters.contains("factor")
                            ? f.number("factor")
                            : static_cast<double>(f.max_positions) / original;
  return factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(original));
}

struct RopeType {
  std::string_view name;
  std::vector<float> (*frequencies)(const Frequencies&);
  double (*attention_factor)(const Frequencies&);
};

constexpr std::array rope_types{
    RopeType{"default", default_frequencies, no_attention_factor},
    RopeType{"linear", linear_frequencies, no_attention_factor},
    RopeType{"dynamic", dynamic_frequencies, no_attention_factor},
    RopeType{"yarn", yarn_frequencies, yarn_attention_factor},
    RopeType{"llama3", llama3_frequencies, no_attention_factor},
    RopeType{"longrope", longrope_frequencies, longrope_attention_factor},
};

const RopeType& rope_type(std::string_view name) {
  const auto* found = std::ranges::find(rope_types, name, &RopeType::name);
  if (found != rope_types.end()) return *found;
  std::vector<std::string_view> known;
  for (const RopeType& type : rope_types) known.push_back(type.name);
  fail("the rope_type '{}' is not supported (supported: {})", name, fmt::join(known, ", "));
}

template <class T>
void fill(const std::vector<float>& frequencies, std::span<const std::int64_t> positions, float factor,
          T* cos, T* sin) {
  const std::size_t half = frequencies.size();
  for (const std::int64_t position : positions) {
    for (std::size_t i = 0; i < half; ++i) {
      const float angle = static_cast<float>(position) * frequencies[i];
      cos[i] = cos[half + i] = T(std::cos(angle) * factor);
      sin[i] = sin[half + i] = T(std::sin(angle) * factor);
    }
    cos += 2 * half;
    sin += 2 * half;
  }
}

}  // namespace

RopeTable::RopeTable(const RopeConfig& config, std::int64_t head_dim, std::int64_t max_positions)
    : config_(config),
      rotary_dim_(static_cast<std::int64_t>(static_cast<double>(head_dim) * config.partial_rotary_factor)),
      max_positions_(max_positions) {
  const Frequencies f{config_, rotary_dim_, max_positions_, 0};
  attention_factor_ = static_cast<float>(rope_type(config_.rope_type).attention_factor(f));
}

std::vector<float> RopeTable::inverse_frequencies(std::int64_t sequence_length) const {
  return rope_type(config_.rope_type).frequencies({config_, rotary_dim_, max_positions_, sequence_length});
}

CosSin RopeTable::cos_sin(std::int64_t first, std::int64_t count, Dtype dtype) const {
  std::vector<std::int64_t> positions(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = first + static_cast<std::int64_t>(i);
  return cos_sin(positions, 1, dtype);
}

CosSin RopeTable::cos_sin(std::span<const std::int64_t> positions, std::int64_t rows, Dtype dtype) const {
  const auto count = static_cast<std::int64_t>(positions.size());
  const std::int64_t last = positions.empty() ? 0 : *std::ranges::max_element(positions);
  const std::vector<float> frequencies = inverse_frequencies(last + 1);
  const Shape shape{rows, 1, count / rows, static_cast<std::int64_t>(2 * frequencies.size())};
  CosSin table{Tensor(dtype, shape), Tensor(dtype, shape)};
  const auto fill_as = [&]<class T>(const T*) {
    fill(frequencies, positions, attention_factor_, table.cos.data<T>(), table.sin.data<T>());
  };
  if (dtype == Dtype::float32) fill_as(static_cast<const float*>(nullptr));
  if (dtype == Dtype::bfloat16) fill_as(static_cast<const BFloat16*>(nullptr));
  if (dtype == Dtype::float16) fill_as(static_cast<const Float16*>(nullptr));
  return table;
}

}  // namespace bv2::engine
