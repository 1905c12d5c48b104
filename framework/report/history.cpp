// The runs of one scenario, one after another, with what changed.
#include "framework/report/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/report/rounded.h"
#include "framework/scenario_series.h"

namespace bv2 {
namespace {

constexpr std::size_t longest_value = 60;
constexpr std::size_t most_differences = 12;

std::string shortened(const std::string& value) {
  return value.size() <= longest_value ? value : value.substr(0, longest_value) + "...";
}

/// Where a time changed, what else did.
std::vector<std::string> difference_lines(const ScenarioResult& before, const ScenarioResult& after) {
  std::vector<std::string> lines;
  for (const FieldDifference& difference : field_differences(before, after)) {
    if (lines.size() == most_differences) {
      lines.emplace_back("...");
      break;
    }
    lines.push_back(fmt::format("{}: {} -> {}", difference.field, shortened(difference.base),
                                shortened(difference.other)));
  }
  return lines;
}

HistoryPoint point_of(const FoundResult& found) {
  HistoryPoint point;
  point.timestamp = found.result->metadata.timestamp;
  point.document = found.file->path.string();
  point.commit_id = found.result->metadata.commit_id;
  point.status = found.result->status;
  for (const auto& [name, summary] : found.result->measurements) {
    if (summary.unit != "seconds" || !summary.median) continue;
    point.metrics.emplace_back(
        name, HistoryMetric{rounded(*summary.median), rounded(summary.ci95), /*judgement=*/std::nullopt});
  }
  return point;
}

/// A run's metric against that of an earlier run, before it is known how many are judged together.
struct PendingJudgement {
  std::size_t point = 0;
  std::size_t metric = 0;
  std::size_t before = 0;  ///< the earlier run
  std::optional<Effect> effect;
};

}  // namespace

std::vector<HistoryPoint> history_of(std::span<const FoundResult> results) {
  std::vector<HistoryPoint> points;
  std::vector<PendingJudgement> pending;
  std::optional<std::size_t> before;
  for (std::size_t i = 0; i < results.size(); ++i) {
    points.push_back(point_of(results[i]));
    if (results[i].result->status != ScenarioStatus::success) continue;
    for (std::size_t m = 0; before && m < points[i].metrics.size(); ++m) {
      const std::string& name = points[i].metrics[m].first;
      pending.push_back({i, m, *before,
                         unpaired_effect(launch_series(*results[*before].result, name),
                                         launch_series(*results[i].result, name))});
    }
    before = i;
  }
  const VerdictOptions options{.comparisons = std::max<std::size_t>(pending.size(), 1)};
  for (const PendingJudgement& one : pending) {
    Judgement judgement = judge(one.effect, options);
    judgement.ratio = rounded(judgement.ratio);
    judgement.interval = rounded(judgement.interval);
    judgement.detectable_percent = rounded(judgement.detectable_percent);
    HistoryPoint& point = points[one.point];
    const bool changed = judgement.verdict == Verdict::faster || judgement.verdict == Verdict::slower;
    if (changed && point.differences.empty()) {
      point.differences = difference_lines(*results[one.before].result, *results[one.point].result);
    }
    point.metrics[one.metric].second.judgement = judgement;
  }
  return points;
}

}  // namespace bv2
