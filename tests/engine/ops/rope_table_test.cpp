// Inverse frequencies of every rope_type against the published formulas in double precision.
#include "engine/ops/rope_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "support/values.h"

namespace bv2::engine {
namespace {

constexpr double pi = std::numbers::pi;

/// theta^(-2i/dim)
double plain(double theta, double i, double dim) { return std::pow(theta, -2 * i / dim); }

/// In float32 each of at most eight operations rounds, and the exponent's rounding is magnified by
/// log(theta).
double bound(double expected, double theta) {
  return std::abs(expected) * 0x1p-24 * (8 + 2 * std::log(theta));
}

template <class Formula>
void expect_frequencies(const std::vector<float>& frequencies, std::size_t count, double theta,
                        Formula formula) {
  ASSERT_EQ(frequencies.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    const double expected = formula(static_cast<double>(i));
    EXPECT_NEAR(frequencies[i], expected, bound(expected, theta)) << i;
  }
}

TEST(RopeTable, Default) {
  const RopeTable table = make_rope_table({.rope_type = "default", .theta = 500000}, 64, 2048);
  EXPECT_EQ(table.rotary_dim(), 64);
  EXPECT_EQ(table.attention_factor(), 1);
  expect_frequencies(table.inverse_frequencies(1), 32, 500000, [](double i) { return plain(500000, i, 64); });
}

TEST(RopeTable, PartialRotatesTheFirstDimensions) {
  const RopeTable table = make_rope_table({.theta = 10000, .partial_rotary_factor = 0.25}, 80, 2048);
  EXPECT_EQ(table.rotary_dim(), 20);
  expect_frequencies(table.inverse_frequencies(1), 10, 10000, [](double i) { return plain(10000, i, 20); });
}

TEST(RopeTable, LinearDividesByTheFactor) {
  const RopeTable table = make_rope_table({.rope_type = "linear", .parameters = {{"factor", 2.5}}}, 32, 2048);
  expect_frequencies(table.inverse_frequencies(1), 16, 10000,
                     [](double i) { return plain(10000, i, 32) / 2.5; });
}

TEST(RopeTable, DynamicGrowsTheBaseWithTheSequence) {
  const RopeTable table = make_rope_table({.rope_type = "dynamic", .parameters = {{"factor", 2.0}}}, 32, 100);
  const auto expected = [](double length) {
    const double base = 10000 * std::pow(2 * length / 100 - 1, 32.0 / 30);
    return [base](double i) { return plain(base, i, 32); };
  };
  expect_frequencies(table.inverse_frequencies(7), 16, 10000, expected(100));
  expect_frequencies(table.inverse_frequencies(100), 16, 10000, expected(100));
  expect_frequencies(table.inverse_frequencies(250), 16, 1e6, expected(250));
}

RopeConfig llama3() {
  return {.rope_type = "llama3",
          .theta = 500000,
          .parameters = {{"factor", 8.0},
                         {"low_freq_factor", 1.0},
                         {"high_freq_factor", 4.0},
                         {"original_max_position_embeddings", 8192}}};
}

TEST(RopeTable, Llama3) {
  int divided = 0;
  int kept = 0;
  int between = 0;
  const auto formula = [&](double i) {
    const double frequency = plain(500000, i, 128);
    const double wavelength = 2 * pi / frequency;
    if (wavelength < 8192 / 4.0) return ++kept, frequency;
    if (wavelength > 8192 / 1.0) return ++divided, frequency / 8;
    const double smooth = (8192 / wavelength - 1) / (4 - 1);
    return ++between, (1 - smooth) * frequency / 8 + smooth * frequency;
  };
  const RopeTable table = make_rope_table(llama3(), 128, 131072);
  // The smooth step takes differences of numbers near 1: their rounding is relative to the larger ones.
  const std::vector<float> frequencies = table.inverse_frequencies(1);
  ASSERT_EQ(frequencies.size(), 64U);
  for (std::size_t i = 0; i < 64; ++i) {
    const double expected = formula(static_cast<double>(i));
    EXPECT_NEAR(frequencies[i], expected, 8 * bound(expected, 500000)) << i;
  }
  EXPECT_GT(divided, 0);
  EXPECT_GT(kept, 0);
  EXPECT_GT(between, 0);
}

/// Peng et al. 2023, section 3.2, with the rotations turned into dimensions.
double yarn(double i, double dim, double theta, double factor, double original, double fast, double slow,
            bool truncate) {
  const auto dimension = [&](double rotations) {
    return dim * std::log(original / (rotations * 2 * pi)) / (2 * std::log(theta));
  };
  double low = dimension(fast);
  double high = dimension(slow);
  if (truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  const double ramp = std::min(1.0, std::max(0.0, (i - low) / (high - low)));
  return plain(theta, i, dim) * (ramp / factor + (1 - ramp));
}

TEST(RopeTable, Yarn) {
  const RopeTable table = make_rope_table(
      {.rope_type = "yarn", .parameters = {{"factor", 4.0}, {"original_max_position_embeddings", 4096}}}, 64,
      16384);
  EXPECT_NEAR(table.attention_factor(), 0.1 * std::log(4.0) + 1, 1e-12);
  const std::vector<float> frequencies = table.inverse_frequencies(1);
  ASSERT_EQ(frequencies.size(), 32U);
  for (std::size_t i = 0; i < 32; ++i) {
    const double expected = yarn(static_cast<double>(i), 64, 10000, 4, 4096, 32, 1, true);
    EXPECT_NEAR(frequencies[i], expected, 8 * bound(expected, 10000)) << i;
  }
}

TEST(RopeTable, YarnParameters) {
  const RopeConfig config{.rope_type = "yarn",
                          .theta = 150000,
                          .parameters = {{"original_max_position_embeddings", 4096},
                                         {"beta_fast", 16},
                                         {"beta_slow", 2},
                                         {"mscale", 0.707},
                                         {"mscale_all_dim", 0.5},
                                         {"truncate", false}}};
  const RopeTable table = make_rope_table(config, 64, 4096 * 32);  // without factor: the ratio of the lengths
  const double log_factor = std::log(32.0);
  EXPECT_NEAR(table.attention_factor(), (0.0707 * log_factor + 1) / (0.05 * log_factor + 1), 1e-12);
  const std::vector<float> frequencies = table.inverse_frequencies(1);
  for (std::size_t i = 0; i < 32; ++i) {
    const double expected = yarn(static_cast<double>(i), 64, 150000, 32, 4096, 16, 2, false);
    EXPECT_NEAR(frequencies[i], expected, 8 * bound(expected, 150000)) << i;
  }
  RopeConfig given = config;
  given.parameters["attention_factor"] = 1.25;
  EXPECT_EQ(make_rope_table(given, 64, 4096).attention_factor(), 1.25);
}

TEST(RopeTable, LongRopeSwitchesListsAtTheOriginalLength) {
  const std::vector<double> shorter{1, 1.1, 1.2, 1.5};
  const std::vector<double> longer{1, 2, 4, 8.5};
  const RopeTable table = make_rope_table({.rope_type = "longrope",
                                           .parameters = {{"short_factor", shorter},
                                                          {"long_factor", longer},
                                                          {"original_max_position_embeddings", 4096}}},
                                          8, 131072);
  EXPECT_NEAR(table.attention_factor(), std::sqrt(1 + std::log(32.0) / std::log(4096.0)), 1e-12);
  const auto divided_by = [](const std::vector<double>& factors) {
    return [&factors](double i) { return plain(10000, i, 8) / factors[static_cast<std::size_t>(i)]; };
  };
  expect_frequencies(table.inverse_frequencies(4096), 4, 10000, divided_by(shorter));
  expect_frequencies(table.inverse_frequencies(4097), 4, 10000, divided_by(longer));
}

TEST(RopeTable, CosAndSinOfPositions) {
  const RopeTable table = make_rope_table(
      {.rope_type = "yarn", .parameters = {{"factor", 4.0}, {"original_max_position_embeddings", 64}}}, 8,
      256);
  const CosSin angles = table.cos_sin(100, 5, Dtype::float32);
  ASSERT_EQ(angles.cos.shape(), (Shape{1, 1, 5, 8}));
  ASSERT_EQ(angles.sin.shape(), (Shape{1, 1, 5, 8}));
  const std::vector<float> frequencies = table.inverse_frequencies(105);
  const std::vector<double> cos = test::values_of(angles.cos);
  const std::vector<double> sin = test::values_of(angles.sin);
  for (std::size_t t = 0; t < 5; ++t) {
    for (std::size_t i = 0; i < 8; ++i) {
      const double angle = static_cast<double>(100 + t) * frequencies[i % 4];
      const double tolerance =
          table.attention_factor() * (angle * 0x1p-24 + 0x1p-22);  // the product's rounding
      EXPECT_NEAR(cos[t * 8 + i], std::cos(angle) * table.attention_factor(), tolerance);
      EXPECT_NEAR(sin[t * 8 + i], std::sin(angle) * table.attention_factor(), tolerance);
    }
  }
}

TEST(RopeTable, RoundsCosAndSinOnce) {
  const RopeTable table = make_rope_table({}, 16, 256);
  const std::vector<double> wide = test::values_of(table.cos_sin(3, 9, Dtype::float32).cos);
  for (const Dtype dtype : {Dtype::bfloat16, Dtype::float16}) {
    const Tensor narrow = table.cos_sin(3, 9, dtype).cos;
    EXPECT_EQ(test::values_of(narrow), test::values_of(test::tensor_from(wide, dtype, narrow.shape())));
  }
}

TEST(RopeTable, PositionsOfPaddedRows) {
  const RopeTable table = make_rope_table({}, 8, 256);
  const Tensor positions = test::tensor_from({0, 0, 1, 2, 3, 4}, Dtype::int64, {2, 3});
  const CosSin angles = table.cos_sin(positions, Dtype::float32);
  ASSERT_EQ(angles.cos.shape(), (Shape{2, 1, 3, 8}));
  EXPECT_EQ(test::values_of(angles.cos.slice(0, 1, 2)),
            test::values_of(table.cos_sin(2, 3, Dtype::float32).cos));
  EXPECT_EQ(test::values_of(angles.sin.slice(0, 0, 1).slice(2, 1, 3)),
            test::values_of(table.cos_sin(0, 2, Dtype::float32).sin));
}

TEST(RopeTable, PaddedRowsHaveTheFrequenciesOfTheirOwnLength) {
  RopeConfig config{.rope_type = "dynamic"};
  config.parameters["factor"] = 4.0;
  const RopeTable table = make_rope_table(config, 8, 16);  // other frequencies from 17 tokens on
  Tensor positions(Dtype::int64, {2, 20});
  for (std::int64_t token = 0; token < 20; ++token) {
    positions.data<std::int64_t>()[token] = token;
    positions.data<std::int64_t>()[20 + token] = std::max<std::int64_t>(0, token - 10);
  }
  const CosSin angles = table.cos_sin(positions, Dtype::float32);
  EXPECT_EQ(test::values_of(angles.cos.slice(0, 0, 1)),
            test::values_of(table.cos_sin(0, 20, Dtype::float32).cos));
  EXPECT_EQ(test::values_of(angles.cos.slice(0, 1, 2).slice(2, 10, 20)),
            test::values_of(table.cos_sin(0, 10, Dtype::float32).cos));
}

std::string message_of(const RopeConfig& config, std::int64_t head_dim = 64) {
  try {
    make_rope_table(config, head_dim, 2048);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(RopeTable, ErrorsNameWhatIsWrong) {
  using testing::HasSubstr;
  EXPECT_THAT(message_of({.rope_type = "spiral"}),
              HasSubstr("'spiral' is not supported (supported: default"));
  EXPECT_THAT(message_of({.rope_type = "linear"}), HasSubstr("needs the parameter factor"));
  EXPECT_THAT(message_of({.rope_type = "linear", .parameters = {{"factor", "two"}}}),
              HasSubstr("must be a number"));
  EXPECT_THAT(message_of({.rope_type = "linear", .parameters = {{"factor", 0}}}), HasSubstr("above 0"));
  EXPECT_THAT(message_of({.rope_type = "longrope",
                          .parameters = {{"short_factor", {1, 2}}, {"long_factor", {1, 2}}}}),
              HasSubstr("a list of 32 numbers"));
  EXPECT_THAT(message_of({}, 7), HasSubstr("head_dim 7"));
  EXPECT_THAT(message_of({.theta = 0}), HasSubstr("rope_theta 0"));
  RopeConfig equal = llama3();
  equal.parameters["high_freq_factor"] = 1.0;
  EXPECT_THAT(message_of(equal), HasSubstr("low_freq_factor 1"));
}

}  // namespace
}  // namespace bv2::engine
