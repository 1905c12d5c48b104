// `verify`: holds the engine against reference outputs.
#include <fmt/format.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/hub_access.h"
#include "app/table.h"
#include "base/json.h"
#include "framework/verify.h"

namespace bv2::app {
namespace {

VerifyOptions options_of(const CommandLine& line, LocateModel locate) {
  return {.model_id = line.run.model_id,
          .reference = line.reference,
          .dtype = line.run.dtype,
          .device = line.run.device,
          .variants = line.run.variants,
          .attn_implementations = line.run.attn_implementations,
          .sdpa_backends = line.run.sdpa_backends,
          .compile_modes = line.run.compile_modes,
          .level = line.run.level,
          .threads = line.run.threads,
          .locate_model = std::move(locate)};
}

std::string number(std::optional<double> value) { return value ? fmt::format("{:.3g}", *value) : "-"; }

std::string_view status(const VerifyResult& result) {
  if (result.skipped) return "skipped";
  return result.passed ? "passed" : "failed";
}

std::string tolerance(const VerifyResult& result) {
  const auto& [absolute, relative] = result.tolerance;
  if (absolute == 0) return "-";
  return relative > 0 ? fmt::format("{:.3g} or {:.3g} rel", absolute, relative)
                      : fmt::format("{:.3g}", absolute);
}

std::string divergence(const VerifyResult& result) {
  if (result.new_tokens == 0) return "-";
  if (!result.first_divergent_token) return fmt::format("none of {}", result.new_tokens);
  return fmt::format("{}", *result.first_divergent_token);
}

Table verify_table(std::span<const VerifyResult> results) {
  Table table;
  table.columns = {{"scenario"},
                   {"max abs\ndifference", Align::right},
                   {"max rel\ndifference", Align::right},
                   {"allowed", Align::right},
                   {"first divergent\ntoken", Align::right},
                   {"status"}};
  for (const auto& result : results) {
    table.rows.push_back(
        {.cells = {result.scenario_name, number(result.max_abs_difference), number(result.max_rel_difference),
                   tolerance(result), divergence(result), std::string(status(result))},
         .remark = {}});
  }
  return table;
}

/// For programs: the table with what the remark says as a column.
Table verify_csv(std::span<const VerifyResult> results) {
  Table table = verify_table(results);
  const std::vector<std::string> titles{"scenario",  "max_abs_difference",    "max_rel_difference",
                                        "tolerance", "first_divergent_token", "status"};
  for (std::size_t i = 0; i < titles.size(); ++i) table.columns[i].title = titles[i];
  table.columns.push_back({"remark"});
  for (std::size_t i = 0; i < results.size(); ++i) table.rows[i].cells.push_back(results[i].remark);
  return table;
}

Json experts_json(const std::optional<ExpertOutcome>& experts) {
  if (!experts) return nullptr;
  return {{"choices", experts->choices},
          {"ties", experts->ties},
          {"max_abs_logit_difference", experts->max_abs_logit_difference}};
}

Json verify_json(const VerifyResult& result) {
  return {{"scenario_name", result.scenario_name},
          {"status", status(result)},
          {"max_abs_difference", to_json(result.max_abs_difference)},
          {"max_rel_difference", to_json(result.max_rel_difference)},
          {"tolerance", {{"absolute", result.tolerance.absolute}, {"relative", result.tolerance.relative}}},
          {"new_tokens", result.new_tokens},
          {"first_divergent_token", to_json(result.first_divergent_token)},
          {"experts", experts_json(result.experts)},
          {"remark", result.remark}};
}

void print(Output& output, OutputFormat format, std::span<const VerifyResult> results) {
  Json documents = Json::array();
  for (const auto& result : results) documents.push_back(verify_json(result));
  switch (format) {
    case OutputFormat::table:
      output.write(render(verify_table(results), TableFormat::plain));
      for (const auto& result : results) {
        if (!result.remark.empty())
          output.write(fmt::format("{}: {}\n", result.scenario_name, result.remark));
      }
      return;
    case OutputFormat::md:
      return output.write(render(verify_csv(results), TableFormat::markdown));
    case OutputFormat::csv:
      return output.write(render(verify_csv(results), TableFormat::csv));
    case OutputFormat::json:
      return output.write(documents.dump(2) + "\n");
    case OutputFormat::jsonl:
      for (const auto& document : documents) output.write(document.dump() + "\n");
  }
}

}  // namespace

int verify_command(const CommandContext& context) {
  const auto report = [&](const VerifyResult& result) {
    context.log->debug("{}: {}", result.scenario_name, status(result));
  };
  const HubAccess hub(context);
  const auto results = verify(context.benchmarks, options_of(context.line, hub.locator()), report,
                              [&] { context.interrupt.throw_if_raised(); });
  print(context.output, context.line.format, results);
  const auto failed = [](const VerifyResult& result) { return !result.passed && !result.skipped; };
  const bool verified = std::ranges::any_of(results, &VerifyResult::passed);
  return verified && std::ranges::none_of(results, failed) ? 0 : 1;
}

}  // namespace bv2::app
