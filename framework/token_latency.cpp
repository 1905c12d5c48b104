// Inter-token latency as a distribution over tokens.
#include "framework/token_latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "framework/outliers.h"

namespace bv2 {
namespace {

constexpr std::array percents{25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9};
constexpr double stall_deviations = 10;
constexpr double stall_share = 0.5;
constexpr std::size_t most_stalls_told = 20;

void add_percentiles(TokenLatency& result, std::span<const LaunchValues> launches,
                     std::span<const double> sorted) {
  const auto intervals = percentile_intervals(launches, percents);
  for (std::size_t i = 0; i < percents.size(); ++i) {
    const std::string name = fmt::format("p{}", percents[i]);
    const bool supported = percents[i] == 50 || supports_percentile(sorted.size(), percents[i]);
    result.percentiles.emplace_back(
        name, supported ? std::optional(percentile(sorted, percents[i])) : std::nullopt);
    result.percentile_ci95.emplace_back(name, intervals[i].interval);
  }
}

/// What each latency is above what is expected at its context, in the order of the iterations.
std::vector<std::vector<double>> excesses(std::span<const IterationValues> iterations, const LatencyFit& fit,
                                          double median, std::int64_t first_context) {
  std::vector<std::vector<double>> result;
  for (const IterationValues& tokens : iterations) {
    auto& excess = result.emplace_back();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const double expected = fit.intercept_seconds
                                  ? fit.at(static_cast<double>(first_context) + static_cast<double>(i))
                                  : median;
      excess.push_back(tokens[i] - expected);
    }
  }
  return result;
}

void add_stalls(TokenLatency& result, std::span<const IterationValues> iterations,
                const std::vector<std::vector<double>>& excess) {
  std::vector<double> all;
  for (const auto& values : excess) all.insert(all.end(), values.begin(), values.end());
  const double far = stall_deviations * robust_scale(all).spread;
  for (std::size_t iteration = 0; iteration < iterations.size(); ++iteration) {
    for (std::size_t i = 0; i < iterations[iteration].size(); ++i) {
      const double seconds = iterations[iteration][i];
      const double beyond = excess[iteration][i];
      if (beyond <= far || beyond < stall_share * (seconds - beyond)) continue;
      ++result.stall_count;
      result.stall_seconds += beyond;
      result.stalls.push_back(
          {static_cast<std::int64_t>(iteration), static_cast<std::int64_t>(i) + 1, seconds});
    }
  }
  std::ranges::sort(result.stalls, std::ranges::greater{}, &Stall::seconds);
  result.stalls.resize(std::min(result.stalls.size(), most_stalls_told));
}

}  // namespace

TokenLatency token_latency(std::span<const LaunchValues> launches, std::int64_t first_context) {
  std::vector<LaunchValues> filled;
  std::vector<IterationValues> iterations;
  std::vector<double> sorted;
  for (const LaunchValues& launch : launches) {
    auto& kept = filled.emplace_back();
    for (const IterationValues& tokens : launch) {
      if (tokens.empty()) continue;
      kept.push_back(tokens);
      iterations.push_back(tokens);
      sorted.insert(sorted.end(), tokens.begin(), tokens.end());
    }
  }
  TokenLatency result;
  result.count = sorted.size();
  if (sorted.empty()) return result;
  std::ranges::sort(sorted);
  result.max = sorted.back();
  add_percentiles(result, filled, sorted);
  result.context_fit = fit_latency(iterations, first_context);
  add_stalls(result, iterations,
             excesses(iterations, result.context_fit, percentile(sorted, 50), first_context));
  return result;
}

}  // namespace bv2
