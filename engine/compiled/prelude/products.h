// Products of a few rows with weights packed in panels of 64 outputs: [K / pair][64][pair], pair being 2 for
// bfloat16, else 1.
#pragma once

#include "engine/compiled/prelude/vectors.h"

constexpr int panel_outputs = 64;
constexpr int panel_vectors = panel_outputs / lanes;

// Panels that a row alone is multiplied with side by side: streams of weights that are far from each other.
// What max-autotune may choose otherwise.
#ifndef BV2_STREAMS
#define BV2_STREAMS 1
#endif

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
  constexpr int vectors = most >= panel_vectors ? panel_vectors : most >= 4 ? 4 : most >= 2 ? 2 : 1;
  for (int v = 0; v < panel_vectors; v += vectors)
    multiply_some<rows, vectors>(x, x_stride, depth, panel, v * lanes, &sums[0][v], panel_vectors);
}

// sums[p] = x (depth floats) times panels[p], to the same bits as one panel alone. With vectors of 8 the
// registers hold the sums of one: the panels take turns, two depths each.
template <int count, class T>
static inline void multiply_side_by_side(const float* x, long depth, const T* const (&panels)[count],
                                         floats (*sums)[panel_vectors]) {
  constexpr int sets = panel_vectors < 8 ? 2 : 1;
  floats sum[sets][count][panel_vectors] = {};
  long k = 0;
  for (; k + 2 <= depth; k += 2) {
    for (int p = 0; p < count; ++p) {
      for (int v = 0; v < panel_vectors; ++v) {
        const WeightPair weights = load_pair(panels[p], k, v * lanes);
        sum[0][p][v] += weights.even * x[k];
        sum[sets - 1][p][v] += weights.odd * x[k + 1];
      }
    }
  }
  for (int p = 0; p < count; ++p) {
    for (int v = 0; v < panel_vectors; ++v) {
      if (k < depth) sum[0][p][v] += load_last(panels[p], k, v * lanes) * x[k];
      sums[p][v] = sets == 2 ? sum[0][p][v] + sum[sets - 1][p][v] : sum[0][p][v];
    }
  }
}

// sums[g][o] = x [rows, depth] times the panel of weights[o] that begins at element `first` + g * stride.
template <int groups, int rows, int outputs, class T>
static inline void multiply_groups(const float* x, long depth, const T* const (&weights)[outputs], long first,
                                   long stride, floats (*sums)[outputs][rows][panel_vectors]) {
  constexpr int count = groups * outputs;
  if constexpr (rows == 1 && count > 1 && count <= BV2_STREAMS) {
    const T* panels[count];
    for (int p = 0; p < count; ++p) panels[p] = weights[p % outputs] + first + p / outputs * stride;
    multiply_side_by_side<count>(x, depth, panels, sums[0][0]);
  } else {
    for (int p = 0; p < count; ++p) {
      const T* const panel = weights[p % outputs] + first + p / outputs * stride;
      multiply_panel<rows>(x, depth, depth, panel, sums[p / outputs][p % outputs]);
    }
  }
}

// Calls finish(panel, sums) for the panels [begin, end) of a product: sums[o][r] is row r of x [rows, depth]
// times that panel of weights[o], whose panels have `elements` each. Where a row alone has several streams,
// each stream's panels come before those of the next one, and those that are left come last.
template <int rows, int outputs, class T, class Finish>
static inline void for_panels(const float* x, long depth, const T* const (&weights)[outputs], long elements,
                              long begin, long end, const Finish& finish) {
  constexpr int groups = rows == 1 && BV2_STREAMS > outputs ? BV2_STREAMS / outputs : 1;
  floats sums[groups][outputs][rows][panel_vectors];
  const long length = (end - begin) / groups;
  for (long i = 0; i < end - begin - (groups - 1) * length; ++i) {
    const bool together = groups == 1 || i < length;
    const long panel = together ? begin + i : begin + (groups - 1) * length + i;
    if (together)
      multiply_groups<groups>(x, depth, weights, panel * elements, length * elements, sums);
    else
      multiply_groups<1>(x, depth, weights, panel * elements, 0, sums);
    for (int g = 0; g < (together ? groups : 1); ++g) finish(panel + g * length, sums[g]);
  }
}

// Of a product's panels [0, panel), how many are in its part [first, first + count).
static inline long within(long panel, long first, long count) {
  return panel < first ? 0 : panel - first < count ? panel - first : count;
}

// A number of rows that is known to the compiler.
template <int n>
struct Count {
  static constexpr int value = n;
};
