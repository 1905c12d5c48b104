// The table of a dataset of results: one flat row a scenario.
#include "framework/hub/result_rows.h"

#include <array>
#include <vector>

#include "framework/hub/answer_json.h"

namespace bv2::hub {
namespace {

struct Metric {
  std::string_view name;
  std::string_view unit;           ///< as documents spell it
  std::string_view column_suffix;  ///< empty where the metric's name says its unit
};
constexpr std::array<Metric, 8> metrics{{
    {"latency", "seconds", "_seconds"},
    {"time_to_first_token", "seconds", "_seconds"},
    {"inter_token_latency", "seconds", "_seconds"},
    {"tokens_per_second", "tokens/sec", ""},
    {"prefill_tokens_per_second", "tokens/sec", ""},
    {"decode_tokens_per_second", "tokens/sec", ""},
    {"sequences_per_second", "sequences/sec", ""},
    {"peak_host_memory", "bytes", "_bytes"},
}};

struct Statistic {
  std::string_view column;
  std::string_view pointer;
};
constexpr std::array<Statistic, 9> statistics{{{"median", "median"},
                                               {"mean", "mean"},
                                               {"std", "std"},
                                               {"min", "min"},
                                               {"max", "max"},
                                               {"p90", "p90"},
                                               {"p99", "p99"},
                                               {"ci95_low", "ci95/0"},
                                               {"ci95_high", "ci95/1"}}};

std::vector<ResultColumn> make_columns() {
  using enum ColumnType;
  std::vector<ResultColumn> columns{
      {"run_id", "", text},
      {"run_uuid", "", text},
      {"benchmark", "", text},
      {"model_name", "", text},
      {"scenario_name", "/scenario_name", text},
      {"status", "/status", text},
      {"error", "/error", text},
      {"timestamp", "/metadata/timestamp", text},
      {"commit_id", "/metadata/commit_id", text},
      {"branch_name", "/metadata/branch_name", text},
      {"model_id", "/metadata/model_id", text},
      {"model_revision", "/metadata/model_revision", text},
      {"variant", "/metadata/config/variant", text},
      {"device", "/metadata/config/device", text},
      {"dtype", "/metadata/config/dtype", text},
      {"compile_mode", "/metadata/config/compile_mode", text},
      {"attn_implementation", "/metadata/config/attn_implementation", text},
      {"sdpa_backend", "/metadata/config/sdpa_backend", text},
      {"batch_size", "/metadata/config/batch_size", integer},
      {"sequence_length", "/metadata/config/sequence_length", integer},
      {"num_tokens_to_generate", "/metadata/config/num_tokens_to_generate", integer},
      {"threads", "/metadata/config/threads", integer},
      {"warmup_iterations", "/metadata/config/warmup_iterations", integer},
      {"measurement_iterations", "/metadata/config/measurement_iterations", integer},
      {"cpu_name", "/metadata/hardware_info/cpu_name", text},
      {"cpu_count", "/metadata/hardware_info/cpu_count", integer},
      {"isa", "/metadata/hardware_info/isa", text},
      {"memory_total_mib", "/metadata/hardware_info/memory_total", integer},
      {"gpu_name", "/metadata/hardware_info/gpu_name", text},
      {"gpu_memory_total_mib", "/metadata/hardware_info/gpu_memory_total", integer},
      {"os", "/metadata/hardware_info/os", text},
      {"load_seconds", "/phases/load_seconds", number},
      {"prepare_seconds", "/phases/prepare_seconds", number},
      {"first_call_seconds", "/phases/first_call_seconds", number},
      {"verification_status", "/verification/status", text},
      {"max_abs_logit_difference", "/verification/max_abs_logit_difference", number},
  };
  for (const Metric& metric : metrics) {
    const std::string place = fmt::format("/measurements/{}/", metric.name);
    for (const Statistic& statistic : statistics) {
      columns.push_back({fmt::format("{}_{}{}", metric.name, statistic.column, metric.column_suffix),
                         place + std::string(statistic.pointer), number, std::string(metric.unit)});
    }
    columns.push_back({fmt::format("{}_count", metric.name), place + "count", integer});
  }
  return columns;
}

bool fits(const Json& value, ColumnType type) {
  switch (type) {
    case ColumnType::text:
      return value.is_string();
    case ColumnType::integer:
      return value.is_number_integer();
    case ColumnType::number:
      return value.is_number();
  }
  return false;
}

Json value_at(const Json& scenario, const ResultColumn& column, std::string_view source) {
  const Json& value = at(scenario, column.pointer);
  if (!fits(value, column.type)) return nullptr;
  if (!column.unit.empty()) {
    const std::string metric =
        column.pointer.substr(0, column.pointer.find('/', sizeof("/measurements/") - 1));
    const Json& unit = at(scenario, metric + "/unit");
    if (unit != column.unit) {
      fail("'{}': {} is in {}, where {} was expected", source, metric, unit.dump(), column.unit);
    }
  }
  return column.type == ColumnType::number ? Json(value.get<double>()) : value;
}

std::string_view type_name(ColumnType type) {
  switch (type) {
    case ColumnType::text:
      return "string";
    case ColumnType::integer:
      return "int64";
    case ColumnType::number:
      return "float64";
  }
  return "";
}

}  // namespace

std::span<const ResultColumn> result_columns() {
  static const std::vector<ResultColumn> columns = make_columns();
  return columns;
}

std::string result_rows(const Json& document, std::string_view run_id, std::string_view run_uuid,
                        std::string_view source) {
  const Json& scenarios = at(document, "/benchmark_scenarios");
  if (!scenarios.is_array()) fail("'{}' is no result document: it has no benchmark_scenarios", source);
  const Json known{{"run_id", run_id},
                   {"run_uuid", run_uuid},
                   {"benchmark", text_at(document, "/benchmark")},
                   {"model_name", text_at(document, "/model_name")}};
  std::string rows;
  for (const Json& scenario : scenarios) {
    Json row = Json::object();
    for (const ResultColumn& column : result_columns()) {
      row[column.name] = column.pointer.empty() ? known[column.name] : value_at(scenario, column, source);
    }
    rows += row.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return rows;
}

std::string dataset_card(std::string_view dataset) {
  std::string card =
      "---\n"
      "configs:\n"
      "- config_name: default\n"
      "  data_files:\n"
      "  - split: train\n"
      "    path: data/*.jsonl\n"
      "dataset_info:\n"
      "  config_name: default\n"
      "  features:\n";
  for (const ResultColumn& column : result_columns()) {
    card += fmt::format("  - name: {}\n    dtype: {}\n", column.name, type_name(column.type));
  }
  card += fmt::format(
      "---\n\n"
      "# {}\n\n"
      "Measurements of transformer models by benchmark_v2.\n\n"
      "- `data/*.jsonl`: one row a scenario; units are in the columns' names. The viewer shows these.\n"
      "- `DATE/runs/RUN_ID/benchmark_results/`, and `DATE/RUN_ID/benchmark_results/` for scheduled runs: the "
      "whole\n"
      "  documents of a run, with every measured iteration.\n",
      dataset);
  return card;
}

}  // namespace bv2::hub
