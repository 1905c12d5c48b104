// Products of a few rows with weights packed in panels of 64 outputs: [K / pair][64][pair], pair being 2 for
// bfloat16, else 1.
#pragma once

#include "engine/compiled/prelude/vectors.h"

// What max-autotune may choose otherwise: vectors of a panel that are summed at once.
#ifndef BV2_TILE_VECTORS
#define BV2_TILE_VECTORS panel_vectors
#endif

constexpr int panel_outputs = 64;
constexpr int panel_vectors = panel_outputs / lanes;

struct WeightPair {
  floats even, odd;
};

// The weights of one vector of outputs at depths k and k + 1.
template <class T>
static inline WeightPair load_pair(const T* panel, long k, int column) {
  return {load(panel + k * panel_outputs + column), load(panel + (k + 1) * panel_outputs + column)};
}
// The pair is one 32-bit lane: a shift and a mask give both numbers without moving between lanes.
static inline WeightPair load_pair(const bf16* panel, long k, int column) {
  words pair;
  __builtin_memcpy(&pair, panel + k * panel_outputs + 2 * column, sizeof pair);
  return {same_bits<floats>(pair << 16), same_bits<floats>(pair & 0xffff0000u)};
}
template <class T>
static inline floats load_last(const T* panel, long k, int column) {
  return load(panel + k * panel_outputs + column);
}
static inline floats load_last(const bf16* panel, long k, int column) {
  return load_pair(panel, k, column).even;
}

// sums[r][v] = x[r] * the panel's outputs [first + v * lanes, ..), for `vectors` vectors of them.
template <int rows, int vectors, class T>
static inline void multiply_some(const float* x, long x_stride, long depth, const T* panel, int first,
                                 floats* sums, int sums_stride) {
  // Four chains would wait for the latency of a multiply-add: a row alone sums even and odd depths apart.
  constexpr int sets = rows * vectors < 8 ? 2 : 1;
  floats sum[sets][rows][vectors] = {};
  long k = 0;
  for (; k + 2 <= depth; k += 2) {
    for (int v = 0; v < vectors; ++v) {
      const WeightPair weights = load_pair(panel, k, first + v * lanes);
      for (int r = 0; r < rows; ++r) {
        sum[0][r][v] += weights.even * x[r * x_stride + k];
        sum[sets - 1][r][v] += weights.odd * x[r * x_stride + k + 1];
      }
    }
  }
  for (int v = 0; v < vectors; ++v) {
    for (int r = 0; r < rows; ++r) {
      if (k < depth) sum[0][r][v] += load_last(panel, k, first + v * lanes) * x[r * x_stride + k];
      sums[r * sums_stride + v] = sets == 2 ? sum[0][r][v] + sum[sets - 1][r][v] : sum[0][r][v];
    }
  }
}

// sums[r] = x[r] (depth floats, x_stride apart) times one panel.
template <int rows, class T>
static inline void multiply_panel(const float* x, long x_stride, long depth, const T* panel,
                                  floats (&sums)[rows][panel_vectors]) {
  // As many vectors at once as leave registers for the weights: of 32 with AVX-512, else of 16.
  constexpr int most = (lanes == 16 ? 16 : 8) / rows;
  constexpr int fitting = most >= panel_vectors ? panel_vectors : most >= 4 ? 4 : most >= 2 ? 2 : 1;
  constexpr int vectors = fitting < BV2_TILE_VECTORS ? fitting : BV2_TILE_VECTORS;
  for (int v = 0; v < panel_vectors; v += vectors)
    multiply_some<rows, vectors>(x, x_stride, depth, panel, v * lanes, &sums[0][v], panel_vectors);
}

// A number of rows that is known to the compiler.
template <int n>
struct Count {
  static constexpr int value = n;
};
