// Time per token over the context, as a chart can show it.
#include "framework/report/token_bins.h"

#include <algorithm>

#include "framework/report/rounded.h"
#include "framework/scenario_summary.h"

namespace bv2 {
namespace {

constexpr std::size_t most_bins = 64;
constexpr double seconds_per_ns = 1e-9;

/// Latencies of the tokens after the first: of each iteration that counts.
std::vector<std::vector<double>> token_latencies(const ScenarioResult& scenario) {
  const std::vector<bool> counted = counting_iterations(scenario);
  std::vector<std::vector<double>> all;
  for (std::size_t i = 0; i < scenario.iterations.size(); ++i) {
    const auto& stamps = scenario.iterations[i].token_ns;
    if (!counted[i] || stamps.size() < 2) continue;
    auto& latencies = all.emplace_back();
    for (std::size_t t = 1; t < stamps.size(); ++t) {
      latencies.push_back(static_cast<double>(stamps[t] - stamps[t - 1]) * seconds_per_ns);
    }
  }
  return all;
}

std::int64_t prompt_tokens(const ScenarioResult& scenario) {
  return scenario.metadata.prompt ? scenario.metadata.prompt->tokens : 0;
}

void add_bin(ReportTokens& tokens, std::vector<double> values, double context) {
  std::ranges::sort(values);
  tokens.context.push_back(context);
  tokens.median.push_back(rounded(percentile(values, 50)));
  tokens.low.push_back(rounded(percentile(values, 10)));
  tokens.high.push_back(rounded(percentile(values, 90)));
}

void add_summary(ReportTokens& tokens, const ScenarioResult& scenario) {
  const TokenLatency& latency = scenario.token_latency;
  tokens.fit_intercept_seconds = rounded(latency.context_fit.intercept_seconds);
  tokens.fit_slope_seconds_per_token = rounded(latency.context_fit.slope_seconds_per_token);
  tokens.fit_slope_ci95 = rounded(latency.context_fit.slope_ci95);
  tokens.count = latency.count;
  tokens.stall_count = latency.stall_count;
  tokens.stall_seconds = rounded(latency.stall_seconds);
  for (const Stall& stall : latency.stalls) {
    tokens.stalls.push_back({prompt_tokens(scenario) + stall.token, stall.iteration, rounded(stall.seconds)});
  }
  for (const auto& [name, value] : latency.percentiles) tokens.percentiles.emplace_back(name, rounded(value));
}

}  // namespace

std::optional<ReportTokens> token_bins(const ScenarioResult& scenario) {
  const auto latencies = token_latencies(scenario);
  std::size_t longest = 0;
  for (const auto& iteration : latencies) longest = std::max(longest, iteration.size());
  if (longest == 0) return std::nullopt;
  ReportTokens tokens;
  const std::size_t bins = std::min(longest, most_bins);
  // The token after the first is computed from the prompt and the first.
  const auto first_context = static_cast<double>(prompt_tokens(scenario) + 1);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::size_t first = bin * longest / bins;
    const std::size_t end = (bin + 1) * longest / bins;
    std::vector<double> values;
    for (const auto& iteration : latencies) {
      for (std::size_t t = first; t < std::min(end, iteration.size()); ++t) values.push_back(iteration[t]);
    }
    add_bin(tokens, std::move(values), first_context + static_cast<double>(first + end - 1) / 2);
  }
  add_summary(tokens, scenario);
  return tokens;
}

}  // namespace bv2
