// `list`: the benchmarks, and the scenarios that the options would give.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <string>
#include <vector>

#include "app/commands.h"
#include "app/table.h"
#include "base/json.h"
#include "framework/run_plan.h"

namespace bv2::app {
namespace {

Row scenario_row(const PlannedScenario& scenario) {
  const ScenarioConfig& config = scenario.config;
  return {.cells = {scenario.name, config.dtype, fmt::format("{}", config.batch_size),
                    config.sequence_length ? fmt::format("{}", *config.sequence_length) : "its own",
                    config.num_tokens_to_generate > 0 ? fmt::format("{}", config.num_tokens_to_generate)
                                                      : std::string("encodes")},
          .remark = {}};
}

Table scenarios_table(const PlannedBenchmark& planned) {
  Table table;
  table.columns = {{"scenario"},
                   {"dtype"},
                   {"batch", Align::right},
                   {"prompt tokens", Align::right},
                   {"new tokens", Align::right}};
  for (const auto& scenario : planned.scenarios) table.rows.push_back(scenario_row(scenario));
  return table;
}

Table all_scenarios_csv(std::span<const PlannedBenchmark> plan) {
  Table table;
  for (const auto& planned : plan) {
    Table own = scenarios_table(planned);
    if (table.columns.empty()) {
      table.columns = own.columns;
      table.columns.insert(table.columns.begin(), {{"benchmark"}, {"model_id"}});
    }
    for (auto& row : own.rows) {
      row.cells.insert(row.cells.begin(), {planned.name, planned.model_id});
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Json scenario_json(const PlannedBenchmark& planned, const PlannedScenario& scenario) {
  return {{"benchmark", planned.name},
          {"model_id", planned.model_id},
          {"scenario_name", scenario.name},
          {"scenario_description", scenario.description},
          {"config", to_json(scenario.config)}};
}

void print_tables(Output& output, std::span<const PlannedBenchmark> plan, TableFormat format) {
  const bool markdown = format == TableFormat::markdown;
  for (const auto& planned : plan) {
    output.write(
        fmt::format("{}{}: {}{}\n{}{}\n", markdown ? "### " : "", planned.name, planned.info.description,
                    planned.model_id == planned.info.default_model ? "" : " [" + planned.model_id + "]",
                    markdown ? "\n" : "", render(scenarios_table(planned), format)));
  }
}

}  // namespace

int list_command(const CommandContext& context) {
  const auto plan = plan_run(context.benchmarks, context.line.run);
  Json scenarios = Json::array();
  for (const auto& planned : plan) {
    for (const auto& scenario : planned.scenarios) scenarios.push_back(scenario_json(planned, scenario));
  }
  switch (context.line.format) {
    case OutputFormat::table:
      print_tables(context.output, plan, TableFormat::plain);
      break;
    case OutputFormat::md:
      print_tables(context.output, plan, TableFormat::markdown);
      break;
    case OutputFormat::csv:
      context.output.write(render(all_scenarios_csv(plan), TableFormat::csv));
      break;
    case OutputFormat::json:
      context.output.write(scenarios.dump(2) + "\n");
      break;
    case OutputFormat::jsonl:
      for (const auto& scenario : scenarios) context.output.write(scenario.dump() + "\n");
      break;
  }
  return 0;
}

}  // namespace bv2::app
