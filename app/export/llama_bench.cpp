// Rows as llama-bench writes them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "app/export/export_format.h"
#include "app/table.h"
#include "framework/physical_key.h"
#include "framework/scenario_summary.h"

namespace bv2::app {
namespace {

/// One test. Names, order and types are those of llama-bench; what this program has no such thing of has the
/// value that llama-bench's reader takes for "not used". The last two are ours.
struct LlamaBenchRow {
  std::string build_commit;
  std::int64_t build_number = 0;
  std::string cpu_info;
  std::string gpu_info;
  std::string backends;  ///< the mode: variant, compile mode, attention
  std::string model_filename;
  std::string model_type;
  std::int64_t model_size = 0;
  std::int64_t model_n_params = 0;
  std::int64_t n_batch = 0;  ///< tokens of the largest forward: the whole prompt of all sequences
  std::int64_t n_ubatch = 0;
  std::int64_t n_threads = 0;
  std::string cpu_mask = "0x0";
  bool cpu_strict = false;
  std::int64_t poll = 0;
  std::string type_k;
  std::string type_v;
  std::int64_t n_gpu_layers = 0;
  std::int64_t n_cpu_moe = 0;
  std::string split_mode = "none";
  std::int64_t main_gpu = 0;
  bool no_kv_offload = false;
  std::int64_t flash_attn = 0;
  std::string devices = "none";
  std::string tensor_split = "0.00";
  std::string tensor_buft_overrides = "none";
  bool use_mmap = true;
  bool embeddings = false;
  std::int64_t no_op_offload = 0;
  bool no_host = false;
  std::int64_t n_prompt = 0;  ///< of each sequence, as the next two
  std::int64_t n_gen = 0;
  std::int64_t n_depth = 0;
  std::string test_time;
  std::int64_t avg_ns = 0;
  std::int64_t stddev_ns = 0;
  double avg_ts = 0;
  double stddev_ts = 0;
  std::vector<std::int64_t> samples_ns;
  std::vector<double> samples_ts;
  std::int64_t n_seqs = 1;  ///< sequences at once; rates are of all together
  std::string scenario;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("build_commit", self.build_commit);
    visit("build_number", self.build_number);
    visit("cpu_info", self.cpu_info);
    visit("gpu_info", self.gpu_info);
    visit("backends", self.backends);
    visit("model_filename", self.model_filename);
    visit("model_type", self.model_type);
    visit("model_size", self.model_size);
    visit("model_n_params", self.model_n_params);
    visit("n_batch", self.n_batch);
    visit("n_ubatch", self.n_ubatch);
    visit("n_threads", self.n_threads);
    visit("cpu_mask", self.cpu_mask);
    visit("cpu_strict", self.cpu_strict);
    visit("poll", self.poll);
    visit("type_k", self.type_k);
    visit("type_v", self.type_v);
    visit("n_gpu_layers", self.n_gpu_layers);
    visit("n_cpu_moe", self.n_cpu_moe);
    visit("split_mode", self.split_mode);
    visit("main_gpu", self.main_gpu);
    visit("no_kv_offload", self.no_kv_offload);
    visit("flash_attn", self.flash_attn);
    visit("devices", self.devices);
    visit("tensor_split", self.tensor_split);
    visit("tensor_buft_overrides", self.tensor_buft_overrides);
    visit("use_mmap", self.use_mmap);
    visit("embeddings", self.embeddings);
    visit("no_op_offload", self.no_op_offload);
    visit("no_host", self.no_host);
    visit("n_prompt", self.n_prompt);
    visit("n_gen", self.n_gen);
    visit("n_depth", self.n_depth);
    visit("test_time", self.test_time);
    visit("avg_ns", self.avg_ns);
    visit("stddev_ns", self.stddev_ns);
    visit("avg_ts", self.avg_ts);
    visit("stddev_ts", self.stddev_ts);
    visit("samples_ns", self.samples_ns);
    visit("samples_ts", self.samples_ts);
    visit("n_seqs", self.n_seqs);
    visit("scenario", self.scenario);
  }
};

constexpr std::size_t commit_digits = 8;
constexpr double ns_per_second = 1e9;

struct TypeName {
  std::string_view dtype;
  std::string_view type;
};
constexpr std::array type_names{TypeName{"float32", "f32"}, TypeName{"bfloat16", "bf16"},
                                TypeName{"float16", "f16"}};

std::string type_name(std::string_view dtype) {
  const auto* found = std::ranges::find(type_names, dtype, &TypeName::dtype);
  return std::string(found == type_names.end() ? dtype : found->type);
}

/// "2026-01-15T14:30:22Z" of "2026-01-15T14:30:22.123Z".
std::string to_whole_seconds(const std::string& timestamp) {
  const auto point = timestamp.find('.');
  return point == std::string::npos ? timestamp : timestamp.substr(0, point) + "Z";
}

/// What all tests of a scenario have in common.
LlamaBenchRow common_row(const DocumentFile& file, const ScenarioResult& scenario) {
  const ScenarioMetadata& metadata = scenario.metadata;
  const PhysicalKey key = physical_key(scenario);
  LlamaBenchRow row;
  row.build_commit = metadata.commit_id.value_or("unknown").substr(0, commit_digits);
  row.cpu_info = metadata.hardware_info.cpu_name.value_or("");
  row.gpu_info = metadata.hardware_info.gpu_name.value_or("");
  row.backends = scenario_name(metadata.config);
  row.model_filename = metadata.model_id;
  row.model_type = file.document.model_name + " " + key.dtype;
  if (metadata.model) {
    row.model_size = metadata.model->weight_bytes;
    row.model_n_params = metadata.model->parameters;
    row.embeddings = metadata.model->kind == ModelKind::encoder;
  }
  row.n_batch = row.n_ubatch = key.batch_size * key.prompt_tokens;
  row.n_threads = key.threads;
  row.type_k = row.type_v = type_name(key.dtype);
  row.flash_attn = key.sdpa_backend == "flash_attention" ? 1 : 0;
  row.test_time = to_whole_seconds(metadata.timestamp);
  row.n_seqs = key.batch_size;
  row.scenario = scenario.scenario_name;
  return row;
}

/// Mean and sample standard deviation; 0 of a single value, as llama-bench has it.
template <class Number>
std::pair<double, double> mean_and_deviation(const std::vector<Number>& values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0;
  for (const Number value : values) mean += static_cast<double>(value) / count;
  double squares = 0;
  for (const Number value : values) squares += std::pow(static_cast<double>(value) - mean, 2);
  return {mean, values.size() > 1 ? std::sqrt(squares / (count - 1)) : 0};
}

/// A part of the iteration that is a test of its own, if there is such a part.
struct Test {
  std::string_view metric;
  std::int64_t prompt;  ///< tokens of each sequence
  std::int64_t generated;
  std::int64_t depth;
  double times = 1;  ///< the metric so often is the part's time
};

std::vector<Test> tests_of(const ScenarioResult& scenario) {
  const PhysicalKey key = physical_key(scenario);
  if (key.new_tokens == 0) return {{"latency", key.prompt_tokens, 0, 0}};
  const auto gaps = static_cast<double>(key.new_tokens - 1);
  return {{"time_to_first_token", key.prompt_tokens, 0, 0},
          {"inter_token_latency", 0, key.new_tokens - 1, key.prompt_tokens, gaps},
          {"latency", key.prompt_tokens, key.new_tokens, 0}};
}

std::vector<LlamaBenchRow> rows_of(const DocumentFile& file, const ScenarioResult& scenario) {
  std::vector<LlamaBenchRow> rows;
  for (const Test& test : tests_of(scenario)) {
    const auto values = metric_values(scenario, test.metric);
    if (values.empty()) continue;
    LlamaBenchRow row = common_row(file, scenario);
    row.n_prompt = test.prompt;
    row.n_gen = test.generated;
    row.n_depth = test.depth;
    const auto tokens = static_cast<double>(row.n_seqs * (test.prompt + test.generated));
    for (const IterationValue& value : values) {
      const double seconds = value.value * test.times;
      row.samples_ns.push_back(std::llround(seconds * ns_per_second));
      row.samples_ts.push_back(tokens / seconds);
    }
    const auto [ns, ns_deviation] = mean_and_deviation(row.samples_ns);
    row.avg_ns = std::llround(ns);
    row.stddev_ns = std::llround(ns_deviation);
    std::tie(row.avg_ts, row.stddev_ts) = mean_and_deviation(row.samples_ts);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<LlamaBenchRow> all_rows(std::span<const DocumentFile> files) {
  std::vector<LlamaBenchRow> rows;
  for (const DocumentFile& file : files) {
    for (const ScenarioResult& scenario : file.document.benchmark_scenarios) {
      if (scenario.status != ScenarioStatus::success) continue;
      std::ranges::move(rows_of(file, scenario), std::back_inserter(rows));
    }
  }
  return rows;
}

/// A value as the comma-separated form has it: flags as 0 and 1.
std::string csv_cell(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  return value.dump();
}

/// Two decimals in the largest unit that leaves at least 1.
std::string with_unit(double value, double step, std::span<const std::string_view> units) {
  std::size_t unit = 0;
  for (; unit + 1 < units.size() && value >= step; ++unit) value /= step;
  return fmt::format("{:.2f} {}", value, units[unit]);
}

/// "pp128", "tg99 @ d128", "pp128+tg100".
std::string test_name(const LlamaBenchRow& row) {
  std::string name;
  if (row.n_prompt > 0) name = fmt::format("pp{}", row.n_prompt);
  if (row.n_gen > 0) name += fmt::format("{}tg{}", name.empty() ? "" : "+", row.n_gen);
  return row.n_depth > 0 ? name + fmt::format(" @ d{}", row.n_depth) : name;
}

}  // namespace

std::string llama_bench_csv(std::span<const DocumentFile> files) {
  Table table;
  const auto columns = to_json(LlamaBenchRow());
  for (const auto& [name, value] : columns.items()) {
    if (!value.is_array()) table.columns.push_back({name});
  }
  for (const LlamaBenchRow& row : all_rows(files)) {
    Row cells;
    const Json values = to_json(row);
    for (const auto& [name, value] : values.items()) {
      if (!value.is_array()) cells.cells.push_back(csv_cell(value));
    }
    table.rows.push_back(std::move(cells));
  }
  return render(table, TableFormat::csv);
}

std::string llama_bench_md(std::span<const DocumentFile> files) {
  constexpr std::array<std::string_view, 4> sizes{"B", "KiB", "MiB", "GiB"};
  constexpr std::array<std::string_view, 4> counts{"", "K", "M", "B"};
  Table table;
  table.columns = {{"model"},
                   {"size", Align::right},
                   {"params", Align::right},
                   {"backend"},
                   {"threads", Align::right},
                   {"sequences", Align::right},
                   {"test", Align::right},
                   {"t/s", Align::right}};
  std::vector<std::string> builds;
  for (const LlamaBenchRow& row : all_rows(files)) {
    table.rows.push_back(
        {.cells = {row.model_type, with_unit(static_cast<double>(row.model_size), 1024, sizes),
                   with_unit(static_cast<double>(row.model_n_params), 1000, counts), row.backends,
                   fmt::format("{}", row.n_threads), fmt::format("{}", row.n_seqs), test_name(row),
                   fmt::format("{:.2f} ± {:.2f}", row.avg_ts, row.stddev_ts)},
         .remark = {}});
    if (std::ranges::find(builds, row.build_commit) == builds.end()) builds.push_back(row.build_commit);
  }
  std::string text = render(table, TableFormat::markdown) + "\n";
  for (const std::string& build : builds) text += fmt::format("build: {}\n", build);
  return text;
}

std::string llama_bench_json(std::span<const DocumentFile> files) {
  return json_text(to_json(all_rows(files)));
}

std::string llama_bench_jsonl(std::span<const DocumentFile> files) {
  std::string text;
  for (const LlamaBenchRow& row : all_rows(files)) {
    text += to_json(row).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return text;
}

}  // namespace bv2::app
