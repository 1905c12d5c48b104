// Every option of every command, as a table.
#include "app/option_table.h"

#include <algorithm>
#include <array>
#include <limits>

#include "app/option_values.h"
#include "base/error.h"

namespace bv2::app {
namespace {

using Values = std::vector<std::string>;
using Setter = std::function<void(CommandLine&, std::string_view, const Values&)>;

constexpr std::int64_t most_iterations = 1'000'000;
constexpr std::int64_t most_tokens = 100'000'000;
constexpr std::int64_t most_threads = 4096;

constexpr std::array<std::string_view, 3> dtypes{"float32", "bfloat16", "float16"};
constexpr std::array<std::string_view, 1> devices{"cpu"};
constexpr std::array<std::string_view, 3> variants{"eager", "compiled", "kernelized"};
constexpr std::array<std::string_view, 2> attn_implementations{"eager", "sdpa"};
constexpr std::array<std::string_view, 3> sdpa_backends{"math", "flash_attention", "efficient_attention"};
constexpr std::array<std::string_view, 4> compile_modes{"default", "reduce-overhead", "max-autotune",
                                                        "max-autotune-no-cudagraphs"};
constexpr std::array<std::string_view, 4> log_levels{"DEBUG", "INFO", "WARNING", "ERROR"};
constexpr std::array<std::string_view, 5> formats{"table", "json", "jsonl", "csv", "md"};

template <class Integer>
Setter integer(Integer RunOptions::*field, std::int64_t least, std::int64_t most) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    line.run.*field = static_cast<Integer>(parse_integer(option, values[0], least, most));
  };
}

Setter integers(std::vector<std::int64_t> RunOptions::*field, std::int64_t least, std::int64_t most) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    auto& list = line.run.*field;
    list.clear();
    for (const auto& value : values) {
      const std::int64_t number = parse_integer(option, value, least, most);
      list.push_back(number);
    }
  };
}

/// A text, a path, or an optional one of these; not empty.
template <class Text>
Setter text(Text RunOptions::*field) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    if (values[0].empty()) fail<UsageError>("{}: the value is empty", option);
    line.run.*field = values[0];
  };
}

Setter texts(std::vector<std::string> RunOptions::*field) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    if (std::ranges::find(values, "") != values.end()) fail<UsageError>("{}: a value is empty", option);
    line.run.*field = values;
  };
}

Setter choice(std::string RunOptions::*field, std::span<const std::string_view> known) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    line.run.*field = parse_choice(option, values[0], known);
  };
}

Setter choices(std::vector<std::string> RunOptions::*field, std::span<const std::string_view> known) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    (line.run.*field).clear();
    for (const auto& value : values) (line.run.*field).push_back(parse_choice(option, value, known));
  };
}

void set_benches_dirs(CommandLine& line, std::string_view /*option*/, const Values& values) {
  line.benches_dirs.assign(values.begin(), values.end());
}

void set_kernels_dirs(CommandLine& line, std::string_view /*option*/, const Values& values) {
  line.kernels_dirs.assign(values.begin(), values.end());
}

void set_reference(CommandLine& line, std::string_view /*option*/, const Values& values) {
  line.reference = values[0];
}

void set_input(CommandLine& line, std::string_view option, const Values& values) {
  if (values[0].empty()) fail<UsageError>("{}: the value is empty", option);
  line.input = values[0];
}

/// A text about the Hub; not empty, as it is where a script's variable was not set.
template <class Text>
Setter hub_text(Text HubChoices::*field) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    if (values[0].empty()) fail<UsageError>("{}: the value is empty", option);
    line.hub.*field = values[0];
  };
}

void set_log_level(CommandLine& line, std::string_view option, const Values& values) {
  line.log_level = *log_level_from_name(parse_choice(option, values[0], log_levels));
}

void set_format(CommandLine& line, std::string_view option, const Values& values) {
  const std::string name = parse_choice(option, values[0], formats);
  line.format = static_cast<OutputFormat>(std::ranges::find(formats, name) - formats.begin());
}

/// With all names, in lines that fit a terminal.
std::string monitors_help() {
  constexpr std::size_t longest_line = 70;
  std::string text = "only these of what watches the machine, or none (default: all):\n";
  std::size_t line = 0;
  for (const std::string& name : all_monitor_names()) {
    if (line > 0) text += line + name.size() > longest_line ? ",\n" : ", ";
    line = line + name.size() > longest_line ? name.size() : line + name.size() + 2;
    text += name;
  }
  return text;
}

void set_monitors(CommandLine& line, std::string_view option, const Values& values) {
  std::vector<std::string> names = all_monitor_names();
  names.emplace_back("none");
  const std::vector<std::string_view> known(names.begin(), names.end());
  MonitorNames chosen;
  for (std::string_view rest : values) {
    while (!rest.empty()) {  // NAME,NAME is a list too
      const std::string_view name = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
      chosen.push_back(parse_choice(option, name, known));
    }
  }
  if (contains(chosen, "none")) {
    if (chosen.size() > 1) fail<UsageError>("{}: 'none' stands alone", option);
    chosen.clear();
  }
  line.run.monitors = std::move(chosen);
}

void set_output_file(CommandLine& line, std::string_view option, const Values& values) {
  if (values[0].empty()) fail<UsageError>("{}: the value is empty", option);
  line.output_file = values[0];
}

void set_export_format(CommandLine& line, std::string_view option, const Values& values) {
  std::vector<std::string_view> names;
  for (const ExportFormat& format : export_formats()) names.push_back(format.name);
  const std::string name = parse_choice(option, values[0], names);
  line.export_format = &*std::ranges::find(export_formats(), name, &ExportFormat::name);
}

constexpr std::string_view what = "What is measured";
constexpr std::string_view model = "The model and its prompt";
constexpr std::string_view how = "How it is measured";
constexpr std::string_view where = "Where things are and go";
constexpr std::string_view on_hub = "The Hugging Face Hub";

const std::vector<Command> computing{Command::run, Command::list, Command::verify, Command::machine,
                                     Command::calibrate};
const std::vector<Command> all{Command::run, Command::list, Command::verify, Command::calibrate};
const std::vector<Command> every{
    Command::run,   Command::list,    Command::verify,    Command::tokenize, Command::machine,
    Command::cache, Command::compare, Command::calibrate, Command::report,   Command::export_results};
const std::vector<Command> tabular{Command::run,   Command::list,    Command::verify,   Command::machine,
                                   Command::cache, Command::compare, Command::calibrate};
const std::vector<Command> measuring{Command::run, Command::list, Command::calibrate};
const std::vector<Command> with_hub{Command::run, Command::list, Command::verify, Command::upload};
const std::vector<Command> logging{Command::run,      Command::list,          Command::verify,
                                   Command::tokenize, Command::machine,       Command::cache,
                                   Command::upload,   Command::compare,       Command::calibrate,
                                   Command::report,   Command::export_results};
const std::vector<Command> running{Command::run};
const std::vector<Command> listing{Command::list};
const std::vector<Command> verifying{Command::verify};
const std::vector<Command> tokenizing{Command::tokenize};
const std::vector<Command> on_machine{Command::machine};
const std::vector<Command> uploading{Command::run, Command::upload};
const std::vector<Command> comparing{Command::compare};
const std::vector<Command> calibrating{Command::calibrate};
const std::vector<Command> reporting{Command::report};
const std::vector<Command> exporting{Command::export_results};

using R = RunOptions;

std::vector<OptionRow> selection_options() {
  return {
      {listing, what, "--kernels", "", "the kernels, which of them this machine would run, and why",
       [](CommandLine& line, std::string_view, const Values&) { line.list_kernels = true; }},
      {measuring, what, "--include", "NAME...", "only benchmarks with one of these in their names",
       texts(&R::include)},
      {measuring, what, "--exclude", "NAME...", "none with one of these in their names", texts(&R::exclude)},
      {all, what, "--variant", "NAME...", "eager, compiled, kernelized (default: all there are)",
       choices(&R::variants, variants)},
      {all, what, "--attn-implementation", "NAME...", "keep only eager or sdpa",
       choices(&R::attn_implementations, attn_implementations)},
      {all, what, "--sdpa-backend", "NAME...", "keep only math, flash_attention, efficient_attention",
       choices(&R::sdpa_backends, sdpa_backends)},
      {all, what, "--compile-mode", "NAME...", "keep only default, reduce-overhead, max-autotune ...",
       choices(&R::compile_modes, compile_modes)},
      {measuring, what, "--level", "N",
       "coverage: 0 one scenario a mode, on small shapes, 1 the few that matter\n(default), 2 every "
       "attention, 3 the full cross, 4 with every compile mode",
       integer(&R::level, 0, 4)},
      {verifying, what, "--level", "N", "the same; default 2", integer(&R::level, 0, 4)},
      {measuring, what, "--config-file", "FILE", "scenarios as .json or .jsonl, instead of a level's",
       text(&R::config_file)},
  };
}

std::vector<OptionRow> model_options() {
  return {
      {measuring, model, "--model-id", "ID",
       "a checkpoint folder, or ORG/NAME[@REVISION] on the Hugging Face Hub\n(default: the benchmark's own "
       "shape)",
       text(&R::model_id)},
      {tokenizing, model, "--model-id", "DIR", "a folder with a tokenizer.json", text(&R::model_id)},
      {tokenizing, model, "--input", "FILE", "the texts, a JSON object a line (default: stdin)", set_input},
      {verifying, model, "--model-id", "ID",
       "a checkpoint folder, or ORG/NAME[@REVISION] on the Hugging Face Hub", text(&R::model_id)},
      {verifying, model, "--reference", "FILE",
       "safetensors with input_ids, logits or last_hidden_state, and generated_ids", set_reference},
      {measuring, model, "--dtype", "NAME", "float32, bfloat16 (default), float16: weights and activations",
       choice(&R::dtype, dtypes)},
      {verifying, model, "--dtype", "NAME", "float32 (default), bfloat16, float16",
       choice(&R::dtype, dtypes)},
      {measuring, model, "--prompt", "TEXT", "the prompt (default: the benchmark's own)", text(&R::prompt)},
      {measuring, model, "--prompt-file", "FILE",
       "a prompt a line, each for a sequence of the batch; shorter ones are padded", text(&R::prompt_file)},
      {measuring, model, "--prompt-ids", "ID...", "the prompt as token ids: 1,2,3",
       integers(&R::prompt_ids, 0, std::numeric_limits<std::int32_t>::max())},
      {measuring, model, "--sequence-length", "N...",
       "tokens of the prompt, exactly: it is cut or continued (default: its own)",
       integers(&R::sequence_lengths, 1, most_tokens)},
      {measuring, model, "--num-tokens-to-generate", "N...",
       "new tokens of each sequence, exactly (default 100); encoders generate none",
       integers(&R::num_tokens_to_generate, 1, most_tokens)},
      {measuring, model, "--batch-size", "N...",
       "sequences at once (default 1, or one for each prompt of --prompt-file)",
       integers(&R::batch_sizes, 1, most_tokens)},
  };
}

/// The value goes through `parse` into the field.
template <class Value, class Parse>
Setter parsed(Value RunOptions::*field, Parse parse) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    line.run.*field = parse(option, values[0]);
  };
}

/// One of an enumeration's names.
template <class Enum>
Setter named(Enum RunOptions::*field) {
  return [=](CommandLine& line, std::string_view option, const Values& values) {
    const std::span<const std::string_view> names = enum_names(Enum{});
    const std::string name = parse_choice(option, values[0], names);
    line.run.*field = static_cast<Enum>(std::ranges::find(names, name) - names.begin());
  };
}

std::vector<OptionRow> trust_options() {
  return {
      {running, how, "--schedule", "NAME",
       "interleaved (default): rounds over all scenarios that fit into memory\ntogether, in random order; "
       "sequential: one scenario after another",
       named(&R::schedule)},
      {running, how, "--schedule-seed", "N", "of the random order (default: another one in each run)",
       parsed(&R::schedule_seed,
              [](std::string_view option, std::string_view text) {
                return static_cast<std::uint64_t>(
                    parse_integer(option, text, 0, std::numeric_limits<std::int64_t>::max()));
              })},
      {running, how, "--num-tokens-to-profile", "N",
       "after measuring, a Chrome trace of a prefill and N tokens, beside the\nresult document (default 0: "
       "none)",
       integer(&R::tokens_to_profile, 0, most_tokens)},
      {running, how, "--launches", "N", "processes a scenario, each with all of its iterations (default 1)",
       integer(&R::launches, 1, most_iterations)},
      {running, how, "--target-precision", "P",
       "go on until the 95% interval of the median latency is within ±P, such as 1%",
       parsed(&R::target_precision, parse_share)},
      {running, how, "--budget", "TIME",
       "for the whole run, such as 10m: what is left after the iterations above\ngoes to the scenarios that "
       "need it most",
       parsed(&R::budget_ns, parse_duration_ns)},
      {running, how, "--isolation", "NAME",
       "process (default): a crash or hang costs one scenario; none: no such\nprocesses",
       named(&R::isolation)},
      {running, how, "--timeout", "TIME", "of each step and iteration of a scenario (default 30m; 0: none)",
       parsed(&R::timeout_ns, parse_duration_ns)},
      {running, how, "--scenario-timeout", "TIME", "of all that a scenario does (default: none)",
       parsed(&R::scenario_timeout_ns, parse_duration_ns)},
      {running, how, "--memory-limit", "SIZE", "of each scenario's process, such as 4g (default: none)",
       parsed(&R::memory_limit_bytes, parse_bytes)},
      {running, how, "--resume", "",
       "go on with the newest interrupted run of the output folder; give the\noptions that it had",
       [](CommandLine& line, std::string_view, const Values&) { line.run.resume = true; }},
  };
}

std::vector<OptionRow> measuring_options() {
  return {
      {measuring, how, "--warmup-iterations", "N", "before measuring (default 3)",
       integer(&R::warmup_iterations, 0, most_iterations)},
      {measuring, how, "--measurement-iterations", "N", "that are measured (default 5)",
       integer(&R::measurement_iterations, 1, most_iterations)},
      {running, how, "--no-verification", "", "do not hold each scenario's output against float32 eager",
       [](CommandLine& line, std::string_view, const Values&) { line.run.verification = false; }},
      {running, how, "--no-machine-limits", "",
       "do not measure what the machine can do: results have no share of it",
       [](CommandLine& line, std::string_view, const Values&) { line.run.machine_limits = false; }},
      {running, how, "--monitors", "NAME...", monitors_help(), set_monitors},
      {running, how, "--no-gpu-monitoring", "", "leave GPUs alone",
       [](CommandLine& line, std::string_view, const Values&) { line.run.gpu_monitoring = false; }},
      {on_machine, how, "--measure-anew", "", "measure everything, whatever was kept",
       [](CommandLine& line, std::string_view, const Values&) { line.measure_anew = true; }},
      {computing, how, "--threads", "N", "(default: physical cores)", integer(&R::threads, 1, most_threads)},
      {all, how, "--device", "NAME", "cpu (default)", choice(&R::device, devices)},
  };
}

std::vector<OptionRow> comparison_options() {
  return {
      {comparing, how, "--margin", "P", "differences that do not matter: EQUIVALENT within them (default 2%)",
       [](CommandLine& line, std::string_view option, const Values& values) {
         line.compare.margin = parse_share(option, values[0]);
       }},
      {comparing, how, "--launch-noise", "P",
       "what a process may add to all its iterations, where BASE or NEW\nhas one launch only (default 0.5%)",
       [](CommandLine& line, std::string_view option, const Values& values) {
         line.compare.launch_noise = parse_share(option, values[0]);
       }},
      {comparing, how, "--different-machines", "", "compare although the machines differ",
       [](CommandLine& line, std::string_view, const Values&) { line.compare.different_machines = true; }},
      {calibrating, how, "--comparisons", "N", "of the scenario with itself (default 40)",
       [](CommandLine& line, std::string_view option, const Values& values) {
         line.comparisons = static_cast<std::size_t>(parse_integer(option, values[0], 1, most_iterations));
       }},
      {comparing, how, "--strict", "", "status 4 where something is inconclusive",
       [](CommandLine& line, std::string_view, const Values&) { line.strict = true; }},
  };
}

std::vector<OptionRow> place_options() {
  return {
      {running, where, "--output-dir", "DIR", "results go there (default benchmark_results)",
       text(&R::output_dir)},
      {every, where, "--benches-dir", "DIR...", "more benchmark modules, beside the program's own",
       set_benches_dirs},
      {every, where, "--kernels-dir", "DIR...",
       "more kernels, in modules built against the installed headers", set_kernels_dirs},
      {tabular, where, "--format", "NAME", "of stdout: table (default), json, jsonl, csv, md", set_format},
      {reporting, where, "-o", "FILE", "the page (default report.html)", set_output_file},
      {exporting, where, "-o", "FILE", "what is written (default: stdout)", set_output_file},
      {exporting, where, "--format", "NAME",
       "csv, md, json or jsonl as llama-bench writes, google-benchmark, bencher", set_export_format},
      {running, where, "--dump-graph", "DIR",
       "compiled scenarios write their graphs below it as text, as traced and\nas they are run",
       text(&R::dump_graph_dir)},
      {running, where, "--dump-code", "DIR", "and the C++ that was generated for them",
       text(&R::dump_code_dir)},
      {logging, where, "--log-level", "NAME", "of stderr: DEBUG, INFO (default), WARNING, ERROR",
       set_log_level},
      {running, where, "--enable-file-logging", "", "log to a file in the output folder too",
       [](CommandLine& line, std::string_view, const Values&) { line.enable_file_logging = true; }},
      {running, where, "--commit-id", "ID", "recorded in the results (default: from git)",
       text(&R::commit_id)},
      {running, where, "--branch-name", "NAME", "the same", text(&R::branch_name)},
      {running, where, "--commit-message", "TEXT", "the same", text(&R::commit_message)},
  };
}

std::vector<OptionRow> hub_options() {
  return {
      {all, on_hub, "--revision", "NAME", "branch, tag or commit of the model (default main)",
       hub_text(&HubChoices::revision)},
      {all, on_hub, "--offline", "", "models from the cache alone, also by HF_HUB_OFFLINE=1",
       [](CommandLine& line, std::string_view, const Values&) { line.hub.offline = true; }},
      {running, on_hub, "--upload-to-hub", "DATASET",
       "ORG/NAME: results go there too; made if it does not exist", hub_text(&HubChoices::dataset)},
      {uploading, on_hub, "--run-id", "ID",
       "names the run there (default: from GitHub Actions, else from its UUID)",
       hub_text(&HubChoices::run_id)},
      {with_hub, on_hub, "--token", "TOKEN", "(default: HF_TOKEN, then the token file of the Hub's tools)",
       hub_text(&HubChoices::token)},
  };
}

}  // namespace

std::vector<OptionRow> option_table() {
  std::vector<OptionRow> table;
  for (auto&& part : {selection_options(), model_options(), measuring_options(), trust_options(),
                      comparison_options(), place_options(), hub_options()}) {
    table.insert(table.end(), part.begin(), part.end());
  }
  return table;
}

}  // namespace bv2::app
