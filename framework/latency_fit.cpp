// A robust line through the latencies of tokens.
#include "framework/latency_fit.h"

#include <algorithm>

namespace bv2 {
namespace {

constexpr std::size_t fewest_tokens = 8;
constexpr std::size_t most_bins = 100;

struct Line {
  double intercept = 0;
  double slope = 0;
};

/// Medians of neighbouring tokens, and the middles of their contexts.
struct Bins {
  std::vector<double> contexts;
  std::vector<double> latencies;
};

Bins bins_of(const IterationValues& tokens, double first_context) {
  const std::size_t count = std::min(tokens.size(), most_bins);
  Bins bins;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = i * tokens.size() / count;
    const std::size_t end = (i + 1) * tokens.size() / count;
    bins.contexts.push_back(first_context + static_cast<double>(first + end - 1) / 2);
    bins.latencies.push_back(*median_if_any({tokens.begin() + static_cast<std::ptrdiff_t>(first),
                                             tokens.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return bins;
}

Line theil_sen(const Bins& bins) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < bins.contexts.size(); ++i) {
    for (std::size_t j = i + 1; j < bins.contexts.size(); ++j) {
      slopes.push_back((bins.latencies[j] - bins.latencies[i]) / (bins.contexts[j] - bins.contexts[i]));
    }
  }
  Line line;
  line.slope = *median_if_any(std::move(slopes));
  std::vector<double> rest;
  for (std::size_t i = 0; i < bins.contexts.size(); ++i) {
    rest.push_back(bins.latencies[i] - line.slope * bins.contexts[i]);
  }
  line.intercept = *median_if_any(std::move(rest));
  return line;
}

}  // namespace

LatencyFit fit_latency(std::span<const IterationValues> iterations, std::int64_t first_context) {
  std::vector<double> intercepts;
  std::vector<double> slopes;
  for (const IterationValues& tokens : iterations) {
    if (tokens.size() < fewest_tokens) return {};
    const Line line = theil_sen(bins_of(tokens, static_cast<double>(first_context)));
    intercepts.push_back(line.intercept);
    slopes.push_back(line.slope);
  }
  if (intercepts.empty()) return {};
  return {.intercept_seconds = *median_if_any(intercepts),
          .intercept_ci95 = median_interval(intercepts).interval,
          .slope_seconds_per_token = *median_if_any(slopes),
          .slope_ci95 = median_interval(slopes).interval};
}

}  // namespace bv2
