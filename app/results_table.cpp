// The results of a run as tables: for people, and as one row of plain numbers a scenario.
#include "app/results_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include "framework/mode_comparison.h"
#include "framework/model_location.h"

namespace bv2::app {
namespace {

enum class Kind { time, rate };

struct MetricColumn {
  std::string_view metric;  // in measurements
  std::string_view title;   // with a place for the unit
  Kind kind;
};
constexpr std::array decoder_columns{
    MetricColumn{"latency", "latency\n{}", Kind::time},
    MetricColumn{"time_to_first_token", "first token\n{}", Kind::time},
    MetricColumn{"inter_token_latency", "per token\n{}", Kind::time},
    MetricColumn{"tokens_per_second", "tokens/s", Kind::rate},
};
constexpr std::array encoder_columns{
    MetricColumn{"latency", "latency\n{}", Kind::time},
    MetricColumn{"sequences_per_second", "sequences/s", Kind::rate},
    MetricColumn{"tokens_per_second", "tokens/s", Kind::rate},
};

/// One benchmark has models of one kind.
bool of_encoder(const BenchmarkResults& results) {
  return std::ranges::any_of(results.scenarios, [](const ScenarioResult& scenario) {
    return scenario.metadata.config.num_tokens_to_generate == 0;
  });
}

std::span<const MetricColumn> columns_of(const BenchmarkResults& results) {
  if (of_encoder(results)) return encoder_columns;
  return decoder_columns;
}

struct Unit {
  double scale;  // value in this unit = value in base units * scale
  std::string_view name;
};

/// The unit in which the largest of a column's medians is at least 1.
Unit unit_of(const BenchmarkResults& results, const MetricColumn& column) {
  if (column.kind == Kind::rate) return {1, ""};
  double largest = 0;
  for (const auto& scenario : results.scenarios) {
    const Summary* summary = scenario.measurement(column.metric);
    if (summary != nullptr) largest = std::max(largest, summary->median.value_or(0));
  }
  if (largest >= 1) return {1, "s"};
  if (largest >= 1e-3 || largest == 0) return {1e3, "ms"};
  return {1e6, "µs"};
}

/// Four significant digits, without an exponent.
std::string four_digits(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  const int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return fmt::format("{:.{}f}", value, decimals);
}

std::string median_and_precision(const Summary* summary, Unit unit) {
  if (summary == nullptr || !summary->median) return "-";
  std::string text = four_digits(*summary->median * unit.scale);
  if (const auto precision = relative_precision(*summary)) {
    const double percent = *precision * 100;
    text += fmt::format(" ±{:.{}f}%", percent, percent < 10 ? 1 : 0);
  }
  return text;
}

std::optional<std::int64_t> peak_bytes(const ScenarioResult& scenario) {
  const auto& peak = scenario.phases.peak_host_memory;
  return std::max({peak.load, peak.prepare, peak.generate});
}

std::string mebibytes(std::optional<std::int64_t> bytes) {
  if (!bytes) return "-";
  return fmt::format("{:.0f}", static_cast<double>(*bytes) / (1 << 20));
}

/// The value that all scenarios have, or the several.
template <class Get>
std::string common(const BenchmarkResults& results, Get get) {
  std::vector<std::string> seen;
  for (const auto& scenario : results.scenarios) {
    const std::string value = get(scenario);
    if (!value.empty() && std::ranges::find(seen, value) == seen.end()) seen.push_back(value);
  }
  std::string text;
  for (const auto& value : seen) text += (text.empty() ? "" : "/") + value;
  return text;
}

std::string threads_of(const ScenarioResult& scenario) {
  const auto found = scenario.metadata.effective.find("threads");
  if (found != scenario.metadata.effective.end() && found->is_number_integer()) return found->dump();
  const std::int64_t asked = scenario.metadata.config.threads;
  return asked > 0 ? fmt::format("{}", asked) : std::string();
}

std::string prompt_tokens_of(const ScenarioResult& scenario) {
  if (scenario.metadata.prompt) return fmt::format("{}", scenario.metadata.prompt->tokens);
  const auto& asked = scenario.metadata.config.sequence_length;
  return asked ? fmt::format("{}", *asked) : std::string();
}

/// "35 / 81": of the prompt's and of the new tokens' limit.
std::string percent_of_limit(const ScenarioResult& scenario) {
  if (!scenario.roofline) return "-";
  const auto text = [](const std::optional<double>& percent) {
    return percent ? fmt::format("{:.0f}", *percent) : std::string("-");
  };
  const auto& [prefill, decode, context] = *scenario.roofline;
  return text(prefill.percent_of_limit) + (decode ? " / " + text(decode->percent_of_limit) : "");
}

/// "2.75 / 0.41": of a prompt token and of a new one.
std::string joules_a_token(const ScenarioResult& scenario) {
  const auto text = [&](std::string_view metric) {
    const Summary* summary = scenario.measurement(metric);
    return summary != nullptr && summary->median ? fmt::format("{:.3g}", *summary->median) : std::string("-");
  };
  return text("joules_per_prompt_token") + " / " + text("joules_per_new_token");
}

bool has_energy(const ScenarioResult& scenario) {
  return scenario.measurement("joules_per_prompt_token") != nullptr ||
         scenario.measurement("joules_per_new_token") != nullptr;
}

bool has_limit(const ScenarioResult& scenario) {
  return scenario.roofline && scenario.roofline->prefill.percent_of_limit;
}

// A few percent is what memory changes by from one moment to the next.
constexpr double beaten_percent = 110;

/// What was measured as the machine's limit was not: as when it did something else meanwhile.
bool beats_limit(const ScenarioResult& scenario) {
  if (!scenario.roofline) return false;
  const auto beats = [](const PhaseRoofline& phase) {
    return phase.percent_of_limit.value_or(0) > beaten_percent;
  };
  return beats(scenario.roofline->prefill) ||
         (scenario.roofline->decode && beats(*scenario.roofline->decode));
}

std::string tainted(const ScenarioResult& scenario) {
  return fmt::format("{}/{}", scenario.interference.tainted, scenario.iterations.size());
}

bool is_tainted(const ScenarioResult& scenario) { return scenario.interference.tainted > 0; }

template <class T>
std::string csv_text(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : std::string();
}

/// A column of the comma-separated form that says what a scenario was.
struct CsvColumn {
  const char* title;
  std::function<std::string(const BenchmarkResults&, const ScenarioResult&)> text;
};

std::vector<CsvColumn> csv_columns() {
  using B = const BenchmarkResults&;
  using S = const ScenarioResult&;
  return {
      {"benchmark", [](B b, S) { return b.benchmark; }},
      {"scenario", [](B, S s) { return s.scenario_name; }},
      {"status", [](B, S s) { return std::string(enum_name(s.status)); }},
      {"error", [](B, S s) { return s.error.value_or(""); }},
      {"model_id", [](B, S s) { return s.metadata.model_id; }},
      {"dtype", [](B, S s) { return s.metadata.config.dtype; }},
      {"variant", [](B, S s) { return s.metadata.config.variant; }},
      {"compile_mode", [](B, S s) { return s.metadata.config.compile_mode.value_or(""); }},
      {"attn_implementation", [](B, S s) { return s.metadata.config.attn_implementation; }},
      {"sdpa_backend", [](B, S s) { return s.metadata.config.sdpa_backend.value_or(""); }},
      {"threads", [](B, S s) { return threads_of(s); }},
      {"batch_size", [](B, S s) { return fmt::format("{}", s.metadata.config.batch_size); }},
      {"sequence_length", [](B, S s) { return prompt_tokens_of(s); }},
      {"num_tokens_to_generate",
       [](B, S s) { return fmt::format("{}", s.metadata.config.num_tokens_to_generate); }},
      {"peak_host_memory_bytes", [](B, S s) { return csv_text(peak_bytes(s)); }},
      {"anonymous_memory_bytes",
       [](B, S s) { return csv_text(s.phases.peak_host_memory.anonymous.generate); }},
      {"file_backed_memory_bytes",
       [](B, S s) { return csv_text(s.phases.peak_host_memory.file_backed.generate); }},
      {"instructions_per_cycle", [](B, S s) { return csv_text(s.hardware_counters.instructions_per_cycle); }},
      {"gpu_utilization_mean",
       [](B, S s) { return csv_text(std::optional<double>(s.gpu_metrics.gpu_utilization_mean)); }},
      {"verification", [](B, S s) { return std::string(enum_name(s.verification.status)); }},
      {"tainted_iterations", [](B, S s) { return fmt::format("{}", s.interference.tainted); }},
      {"prefill_percent_of_limit",
       [](B, S s) { return s.roofline ? csv_text(s.roofline->prefill.percent_of_limit) : std::string(); }},
      {"decode_percent_of_limit",
       [](B, S s) {
         return s.roofline && s.roofline->decode ? csv_text(s.roofline->decode->percent_of_limit)
                                                 : std::string();
       }},
  };
}

void add_csv_statistics(Row& row, const Summary& summary) {
  row.cells.push_back(csv_text(summary.median));
  for (const std::size_t end : {0U, 1U}) {
    row.cells.push_back(summary.ci95 ? fmt::format("{}", (*summary.ci95)[end]) : std::string());
  }
  row.cells.push_back(csv_text(summary.mean));
  row.cells.push_back(csv_text(summary.std));
}

/// The metrics that any scenario has, in the order in which they first appear.
std::vector<std::string> all_metrics(std::span<const BenchmarkResults> results) {
  std::vector<std::string> names;
  for (const auto& benchmark : results) {
    for (const auto& scenario : benchmark.scenarios) {
      for (const auto& [name, summary] : scenario.measurements) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
    }
  }
  return names;
}

}  // namespace

std::string results_heading(const BenchmarkResults& results) {
  const bool synthetic = std::ranges::any_of(results.scenarios, [](const ScenarioResult& scenario) {
    return scenario.metadata.model && scenario.metadata.model->synthetic_weights;
  });
  std::string text = results.benchmark + ": ";
  text += common(results, [](const ScenarioResult& s) { return model_name_of(s.metadata.model_id); });
  if (synthetic) text += " (synthetic weights)";
  text += ", " + common(results, [](const ScenarioResult& s) { return s.metadata.config.dtype; });
  if (const auto threads = common(results, threads_of); !threads.empty()) {
    text += ", " + threads + (threads == "1" ? " thread" : " threads");
  }
  text += ", batch " + common(results, [](const ScenarioResult& s) {
            return fmt::format("{}", s.metadata.config.batch_size);
          });
  const std::string tokens = common(results, prompt_tokens_of);
  if (of_encoder(results)) return tokens.empty() ? text : text + ", " + tokens + " tokens";
  if (!tokens.empty()) text += ", " + tokens + " +";
  text += " " + common(results, [](const ScenarioResult& s) {
            return fmt::format("{}", s.metadata.config.num_tokens_to_generate);
          });
  return text + " tokens";
}

std::string results_legend(std::span<const BenchmarkResults> results) {
  if (results.empty()) return {};
  const auto any = [&](bool (*has)(const ScenarioResult&)) {
    return std::ranges::any_of(results, [&](const BenchmarkResults& benchmark) {
      return std::ranges::any_of(benchmark.scenarios, has);
    });
  };
  std::string text =
      "Medians, ± half of their 95% interval; peak: the largest resident memory of the process.\n";
  if (any(has_limit)) {
    text += "of limit: how near this machine's measured limits the first token and the others come.\n";
  }
  if (any(beats_limit)) {
    text +=
        "far above 100%: the limit was measured too low, as on a busy machine; to measure it again: "
        "run_benchmarks machine --measure-anew\n";
  }
  if (any(has_energy)) {
    text +=
        "energy: joules a prompt token and a new token took, of all that counts them (docs/monitors.md).\n";
  }
  if (any(is_tainted)) {
    text +=
        "tainted: iterations that something else on the machine may have moved; left out where enough "
        "others remain.\n";
  }
  return text;
}

std::vector<std::string> unsteady_lines(const BenchmarkResults& results) {
  struct Kind {
    Steadiness steadiness;
    std::string_view text;
  };
  constexpr std::array kinds{Kind{Steadiness::still_changing, "was still changing at its end"},
                             Kind{Steadiness::drifting, "drifted from its begin to its end"}};
  std::vector<std::string> lines;
  for (const ScenarioResult& scenario : results.scenarios) {
    for (const Kind& kind : kinds) {
      const auto count = std::ranges::count(scenario.steady_state, kind.steadiness, &SteadyState::steadiness);
      if (count == 0) continue;
      const std::size_t launches = scenario.steady_state.size();
      const std::string which = launches > 1 ? fmt::format(" in {} of {} launches", count, launches) : "";
      lines.push_back(
          fmt::format("{} {}{}: all of its iterations count", scenario.scenario_name, kind.text, which));
    }
  }
  return lines;
}

Table results_table(const BenchmarkResults& results) {
  Table table;
  table.columns = {{"scenario"}, {"status"}};
  std::vector<Unit> units;
  const std::span<const MetricColumn> metric_columns = columns_of(results);
  for (const auto& column : metric_columns) {
    units.push_back(unit_of(results, column));
    table.columns.push_back({fmt::format(fmt::runtime(column.title), units.back().name), Align::right});
  }
  table.columns.push_back({"peak\nMiB", Align::right});
  const bool limits = std::ranges::any_of(results.scenarios, has_limit);
  const bool taints = std::ranges::any_of(results.scenarios, is_tainted);
  const bool energy = std::ranges::any_of(results.scenarios, has_energy);
  if (limits) table.columns.push_back({"of limit\n%", Align::right});
  if (energy) table.columns.push_back({"energy\nJ/token", Align::right});
  if (taints) table.columns.push_back({"tainted", Align::right});
  for (const auto& scenario : results.scenarios) {
    Row row{.cells = {scenario.scenario_name, std::string(enum_name(scenario.status))}, .remark = {}};
    if (scenario.status != ScenarioStatus::success) {
      row.remark = scenario.error.value_or("no reason was given");
    } else {
      for (std::size_t i = 0; i < metric_columns.size(); ++i) {
        row.cells.push_back(median_and_precision(scenario.measurement(metric_columns[i].metric), units[i]));
      }
      row.cells.push_back(mebibytes(peak_bytes(scenario)));
      if (limits) row.cells.push_back(percent_of_limit(scenario));
      if (energy) row.cells.push_back(joules_a_token(scenario));
      if (taints) row.cells.push_back(tainted(scenario));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table results_csv(std::span<const BenchmarkResults> results) {
  Table table;
  const auto columns = csv_columns();
  const auto metrics = all_metrics(results);
  for (const auto& column : columns) table.columns.push_back({column.title});
  for (const auto& metric : metrics) {
    for (const auto* statistic : {"median", "ci95_low", "ci95_high", "mean", "std"}) {
      table.columns.push_back({fmt::format("{}_{}", metric, statistic)});
    }
  }
  for (const auto& benchmark : results) {
    for (const auto& scenario : benchmark.scenarios) {
      Row row;
      for (const auto& column : columns) row.cells.push_back(column.text(benchmark, scenario));
      for (const auto& metric : metrics) {
        const Summary* summary = scenario.measurement(metric);
        add_csv_statistics(row, summary == nullptr ? Summary() : *summary);
      }
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Json results_json(std::span<const BenchmarkResults> results) {
  Json documents = Json::array();
  for (const auto& benchmark : results) {
    BenchmarkDocument document;
    document.benchmark = benchmark.benchmark;
    if (!benchmark.scenarios.empty()) {
      document.model_name = model_name_of(benchmark.scenarios.front().metadata.model_id);
    }
    document.benchmark_scenarios = benchmark.scenarios;
    document.comparisons = compare_modes(benchmark.scenarios);
    documents.push_back(to_json(document));
  }
  return documents;
}

std::string results_jsonl(std::span<const BenchmarkResults> results) {
  std::string text;
  for (const auto& benchmark : results) {
    for (const auto& scenario : benchmark.scenarios) {
      Json line{{"benchmark", benchmark.benchmark}};
      line.update(to_json(scenario));
      text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    }
  }
  return text;
}

}  // namespace bv2::app
