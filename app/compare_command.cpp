// `compare`: what changed between measurements, with a verdict for people and an exit status for CI.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/table.h"
#include "framework/compare.h"

namespace bv2::app {
namespace {

constexpr int failed_status = 1;
constexpr int slower_status = 3;
constexpr int inconclusive_status = 4;
constexpr std::size_t longest_value = 60;

std::string milliseconds(double seconds) { return fmt::format("{:.4g}", seconds * 1e3); }

std::string ratio_text(const Judgement& judgement) {
  if (!judgement.ratio) return "-";
  return fmt::format("{:.3f} [{:.3f}, {:.3f}]", *judgement.ratio, (*judgement.interval)[0],
                     (*judgement.interval)[1]);
}

std::string verdict_text(const Judgement& judgement) {
  std::string text(enum_name(judgement.verdict));
  if (judgement.verdict == Verdict::inconclusive && judgement.detectable_percent) {
    text += fmt::format(" (sees {:.1f}%)", *judgement.detectable_percent);
  }
  return text;
}

Table table_of(const ComparisonReport& report) {
  Table table;
  table.columns = {{"scenario"},
                   {"metric"},
                   {"base\nms", Align::right},
                   {"new\nms", Align::right},
                   {"new / base\n[interval]", Align::right},
                   {"verdict"}};
  for (const ScenarioComparison& scenario : report.scenarios) {
    const std::string name = scenario.scenario_name + ", " + scenario.workload;
    if (!scenario.problem.empty()) table.rows.push_back({.cells = {name}, .remark = scenario.problem});
    for (const MetricComparison& metric : scenario.metrics) {
      table.rows.push_back(
          {.cells = {name, metric.metric, milliseconds(metric.base_median), milliseconds(metric.new_median),
                     ratio_text(metric.judgement), verdict_text(metric.judgement)},
           .remark = {}});
    }
  }
  return table;
}

std::string shortened(const std::string& value) {
  return value.size() <= longest_value ? value : value.substr(0, longest_value) + "...";
}

/// Every difference once, with the scenarios that have it when it is not all of them.
std::vector<std::string> difference_lines(const ComparisonReport& report) {
  std::vector<std::string> lines;
  for (const ScenarioComparison& scenario : report.scenarios) {
    for (const FieldDifference& difference : scenario.differences) {
      std::string line = fmt::format("{}: {} -> {}", difference.field, shortened(difference.base),
                                     shortened(difference.other));
      if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
    }
  }
  return lines;
}

void print_list(Output& output, std::string_view heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  output.write(fmt::format("{}:\n", heading));
  for (const std::string& line : lines) output.write(fmt::format("- {}\n", line));
  output.write("\n");
}

void print_tables(Output& output, const Comparisons& comparisons, TableFormat format) {
  const bool markdown = format == TableFormat::markdown;
  for (const ComparisonReport& report : comparisons.reports) {
    output.write(fmt::format("{}{} -> {}\n{}", markdown ? "### " : "", report.base, report.other,
                             markdown ? "\n" : ""));
    output.write(render(table_of(report), format) + "\n");
    print_list(output, "Differs besides the times", difference_lines(report));
    print_list(output, "Only in BASE", report.only_in_base);
    print_list(output, "Only in NEW", report.only_in_new);
  }
  output.write(fmt::format(
      "Ratios above 1: NEW is slower. {:.0f}% of runs have all {} intervals right (each: {:.2f}%). "
      "EQUIVALENT: "
      "within {:g}%; 'sees': the smallest difference that would be found in 8 of 10 repetitions.\n",
      comparisons.confidence * 100, comparisons.comparisons, comparisons.interval_confidence * 100,
      comparisons.margin * 100));
}

void print(const CommandContext& context, const Comparisons& comparisons) {
  switch (context.line.format) {
    case OutputFormat::table:
      return print_tables(context.output, comparisons, TableFormat::plain);
    case OutputFormat::md:
      return print_tables(context.output, comparisons, TableFormat::markdown);
    case OutputFormat::csv:
      for (const auto& report : comparisons.reports) {
        context.output.write(render(table_of(report), TableFormat::csv));
      }
      return;
    case OutputFormat::json:
      return context.output.write(json_text(to_json(comparisons)));
    case OutputFormat::jsonl:
      for (const auto& report : comparisons.reports) context.output.write(to_json(report).dump() + "\n");
  }
}

int status_of(const Comparisons& comparisons, bool strict) {
  if (comparisons.any(Verdict::slower)) return slower_status;
  if (comparisons.any_failed()) return failed_status;
  return strict && comparisons.any(Verdict::inconclusive) ? inconclusive_status : 0;
}

}  // namespace

int compare_command(const CommandContext& context) {
  const CommandLine& line = context.line;
  const std::vector<std::filesystem::path> others(line.operands.begin() + 1, line.operands.end());
  const Comparisons comparisons = compare(line.operands.front(), others, line.compare);
  print(context, comparisons);
  return status_of(comparisons, line.strict);
}

}  // namespace bv2::app
