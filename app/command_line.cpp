// The command line: its text to what is to be done.
#include "app/command_line.h"

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <memory>

#include "app/option_table.h"
#include "app/option_values.h"
#include "base/error.h"
#include "framework/hub/download.h"
#include "framework/verify.h"

namespace bv2::app {
namespace {

/// What a shell may make of one pattern.
constexpr std::size_t most_documents = 1'000'000;

struct CommandRow {
  std::string_view name;
  Command command;
  const char* usage;
  std::string_view operands{};  ///< what it takes besides options, for messages: "BASE NEW..."
  std::size_t least_operands = 0;
  std::size_t most_operands = 0;
};
constexpr std::array commands{
    CommandRow{
        "run", Command::run,
        "Measures transformer models and leaves result documents.\n\n"
        "run_benchmarks [run] [options]     run benchmarks\n"
        "run_benchmarks list [options]      the benchmarks, and the scenarios that the options would give\n"
        "run_benchmarks verify [options]    hold the engine against reference outputs\n"
        "run_benchmarks tokenize [options]  the token ids of texts\n"
        "run_benchmarks upload DIR DATASET  results to a dataset on the Hugging Face Hub\n"
        "run_benchmarks machine [options]   what this machine can do at most\n"
        "run_benchmarks cache list|clear    the code that compiled mode keeps on disk\n"
        "run_benchmarks compare BASE NEW    what changed between results, with what confidence\n"
        "run_benchmarks report DIR...       a page to look at: modes, tokens, memory, history\n"
        "run_benchmarks export DIR...       results in the formats of other tools\n"
        "run_benchmarks calibrate           how far the tool can be trusted on this machine\n"},
    CommandRow{"list", Command::list,
               "Lists the benchmarks, and the scenarios that the options would give.\n\n"
               "run_benchmarks list [options]\n"
               "run_benchmarks list --kernels      what kernelized mode would run on this machine\n"},
    CommandRow{"verify", Command::verify,
               "Holds the engine against reference outputs: one line a mode, status 1 if any failed.\n\n"
               "run_benchmarks verify --model-id ID --reference FILE [options]\n"},
    CommandRow{
        "tokenize", Command::tokenize,
        "Writes the token ids of texts: reads a JSON object a line, {\"text\": ...}, and writes one for "
        "each,\n{\"ids\": [...], \"ids_without_special\": [...], \"decoded\": ...}.\n\n"
        "run_benchmarks tokenize --model-id DIR < texts.jsonl\n"},
    CommandRow{
        "machine", Command::machine,
        "Shows how fast this machine reads memory and multiplies matrices, at best; measures what was\n"
        "not measured in the last 24 hours.\n\n"
        "run_benchmarks machine [options]\n"},
    CommandRow{"cache", Command::cache,
               "The code that compiled mode has built and keeps on disk.\n\n"
               "run_benchmarks cache list          what is kept, used last first\n"
               "run_benchmarks cache clear         removes it; the next run compiles again\n",
               "list or clear", 1, 1},
    CommandRow{
        "upload", Command::upload,
        "Uploads the newest run of an output folder, or the run of a summary file, to a dataset on the\n"
        "Hugging Face Hub; nothing there is overwritten.\n\n"
        "run_benchmarks upload DIR|SUMMARY DATASET [options]\n",
        "DIR DATASET", 2, 2},
    CommandRow{
        "compare", Command::compare,
        "Says what changed between results, with what confidence.\n\n"
        "run_benchmarks compare BASE NEW... [options]\n\n"
        "BASE and NEW are result documents, or folders of them (several documents of a scenario are its\n"
        "launches). Exit status: 0 nothing is slower, 3 something is, 1 something fails in NEW that BASE\n"
        "measured, 4 something is inconclusive (with --strict), 2 not comparable.\n",
        "BASE NEW...", 2, 100},
    CommandRow{"report", Command::report,
               "Makes one page of results, to open in any browser: no network, no other files.\n\n"
               "run_benchmarks report DIR... [-o report.html]\n\n"
               "DIR is a result document, or a folder of them. Several runs of a scenario are its history; "
               "changes\n"
               "between them are judged as `compare` does.\n",
               "DIR...", 1, most_documents},
    CommandRow{
        "export", Command::export_results,
        "Writes results in the formats of other tools.\n\n"
        "run_benchmarks export DIR... --format NAME [-o FILE]\n\n"
        "DIR is a result document, or a folder of them. Formats: csv, md, json, jsonl (rows as llama-bench\n"
        "writes them), google-benchmark (its JSON, for compare.py), bencher (Bencher Metric Format).\n",
        "DIR...", 1, most_documents},
    CommandRow{
        "calibrate", Command::calibrate,
        "Measures the tool on this machine: how often it finds differences that are not there (the first\n"
        "scenario of the options compared with itself), how right its times are, what its monitors cost.\n\n"
        "run_benchmarks calibrate [options]\n"},
};

/// Prints what the command's row says where CLI11 would make up a line of usage.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override { return {}; }
};

std::vector<OptionRow> options_of(Command command) {
  auto rows = option_table();
  std::erase_if(rows, [&](const OptionRow& row) {
    return std::ranges::find(row.commands, command) == row.commands.end();
  });
  return rows;
}

std::vector<std::string_view> names_of(const std::vector<OptionRow>& rows) {
  std::vector<std::string_view> names{"--help", "--version"};
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

/// CLI11 takes whatever follows an option for its first value; another option there means that it is missing,
/// unless it was joined by "=".
void check_values(const OptionRow& row, const std::vector<std::string>& values,
                  const std::vector<OptionRow>& rows, std::span<const std::string> arguments) {
  if (!row.is_list() && values.size() > 1) {
    fail<UsageError>("{}: it is given {} times, once is enough ({})", row.name, values.size(), row.value);
  }
  const auto option = std::ranges::find_first_of(values, rows, {}, {}, &OptionRow::name);
  if (option == values.end()) return;
  if (std::ranges::find(arguments, row.name + "=" + *option) != arguments.end()) return;
  fail<UsageError>("{}: its value ({}) is missing before {}", row.name, row.value, *option);
}

void add_option(CLI::App& parser, const OptionRow& row, const std::vector<OptionRow>& rows, CommandLine& line,
                std::span<const std::string> arguments) {
  CLI::Option* option = nullptr;
  if (row.is_flag()) {
    option = parser
                 .add_flag_callback(
                     row.name, [&] { row.set(line, row.name, {}); }, row.help)
                 ->disable_flag_override();
  } else {
    const auto set = [&, arguments](const std::vector<std::string>& values) {
      check_values(row, values, rows, arguments);
      row.set(line, row.name, values);
    };
    constexpr int most_values = 1 << 20;
    option = parser.add_option_function<std::vector<std::string>>(row.name, set, row.help);
    option->expected(1, row.is_list() ? most_values : 1)->allow_extra_args(row.is_list());
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->option_text(row.value);
    // Numbers may also be joined by commas; in texts a comma is a comma.
    if (row.value == "N..." || row.value == "ID...") option->delimiter(',');
  }
  option->group(std::string(row.group));
}

/// The error for what no option took.
[[noreturn]] void fail_unexpected(const std::string& argument, Command command) {
  const auto own = options_of(command);
  const std::string_view command_name = std::ranges::find(commands, command, &CommandRow::command)->name;
  if (argument.starts_with('-')) {
    const std::string name = argument.substr(0, argument.find('='));
    const auto everything = option_table();
    const auto elsewhere = std::ranges::find(everything, name, &OptionRow::name);
    if (elsewhere != everything.end()) {
      const auto taker = std::ranges::find(commands, elsewhere->commands[0], &CommandRow::command)->name;
      fail<UsageError>("{} is an option of '{}', not of '{}'; see run_benchmarks {} --help", name, taker,
                       command_name, command_name);
    }
    const std::string meant = suggestion(name, names_of(own));
    fail<UsageError>("the option '{}' is not known{}", name,
                     meant.empty() ? fmt::format("; see run_benchmarks {} --help", command_name) : meant);
  }
  if (std::ranges::find(commands, argument, &CommandRow::name) != commands.end()) {
    fail<UsageError>("the command '{}' must be the first argument", argument);
  }
  fail<UsageError>("'{}' belongs to no option; see run_benchmarks {} --help", argument, command_name);
}

/// What no option took: the command's operands, as many as it wants.
std::vector<std::string> take_operands(std::vector<std::string> rest, const CommandRow& command) {
  const auto option = std::ranges::find_if(rest, [](const auto& text) { return text.starts_with('-'); });
  if (option != rest.end()) fail_unexpected(*option, command.command);
  if (rest.size() > command.most_operands) fail_unexpected(rest[command.most_operands], command.command);
  if (rest.size() < command.least_operands) {
    fail<UsageError>("{} needs {}; see run_benchmarks {} --help", command.name, command.operands,
                     command.name);
  }
  return rest;
}

/// The command that the arguments begin with, and takes it off them.
Command take_command(std::span<const std::string>& arguments) {
  if (arguments.empty() || arguments[0].starts_with('-')) return Command::run;
  const auto* found = std::ranges::find(commands, arguments[0], &CommandRow::name);
  if (found == commands.end()) {
    std::vector<std::string_view> names;
    names.reserve(commands.size());
    for (const auto& row : commands) names.push_back(row.name);
    fail<UsageError>("the command '{}' is not known{} (known: {})", arguments[0],
                     suggestion(arguments[0], names), fmt::join(names, ", "));
  }
  arguments = arguments.subspan(1);
  return found->command;
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

/// CLI11 leaves two lines between groups.
std::string without_double_gaps(std::string text) {
  for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n")) text.erase(at, 1);
  return text;
}

/// --revision is another way to write MODEL@REVISION.
void take_revision(CommandLine& line) {
  if (line.hub.revision.empty()) return;
  if (line.run.model_id.empty())
    fail<UsageError>("--revision: it needs --model-id ORG/NAME, a model on the Hub");
  if (!hub::is_hub_model(line.run.model_id)) {
    fail<UsageError>("--revision: --model-id '{}' is a folder, which has no revisions", line.run.model_id);
  }
  if (line.run.model_id.find('@') != std::string::npos) {
    fail<UsageError>("--revision '{}': --model-id '{}' names one already", line.hub.revision,
                     line.run.model_id);
  }
  hub::check_revision(line.hub.revision);
  line.run.model_id += "@" + line.hub.revision;
}

void check_monitors(const RunOptions& run) {
  if (!run.gpu_monitoring && run.monitors && contains(*run.monitors, "gpu")) {
    fail<UsageError>("--no-gpu-monitoring: --monitors asks for the monitor 'gpu'; leave one of both out");
  }
}

void check_required(const CommandLine& line) {
  if (line.command == Command::tokenize && line.run.model_id.empty()) {
    fail<UsageError>("tokenize needs --model-id DIR, a folder with a tokenizer.json");
  }
  if (line.command == Command::export_results && line.export_format == nullptr) {
    fail<UsageError>("export needs --format NAME; see run_benchmarks export --help");
  }
  if (line.command != Command::verify) return;
  if (line.run.model_id.empty())
    fail<UsageError>("verify needs --model-id ID, a checkpoint folder or a model on the Hub");
  if (line.reference.empty()) fail<UsageError>("verify needs --reference FILE, a safetensors file");
}

}  // namespace

CommandLine parse_command_line(std::span<const std::string> arguments) {
  CommandLine line;
  line.command = take_command(arguments);
  // Nobody who checks numbers wants them rounded first.
  if (line.command == Command::verify) {
    line.run.dtype = "float32";
    line.run.level = VerifyOptions().level;
  }
  const auto rows = options_of(line.command);
  const CommandRow& command = *std::ranges::find(commands, line.command, &CommandRow::command);
  CLI::App parser(command.usage, "run_benchmarks");
  parser.formatter(std::make_shared<HelpFormatter>());
  parser.set_help_flag("-h,--help", "this text");
  parser.set_version_flag("--version", "benchmark_v2 " BV2_VERSION, "the program's version");
  parser.allow_extras();
  for (const auto& row : rows) add_option(parser, row, rows, line, arguments);
  try {
    // CLI11 takes them from the back.
    parser.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    line.answer = without_double_gaps(parser.help());
    return line;
  } catch (const CLI::CallForVersion& version) {
    line.answer = std::string(version.what()) + "\n";
    return line;
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    const auto row = std::ranges::find(rows, text.substr(0, text.find(':')), &OptionRow::name);
    if (row == rows.end()) fail<UsageError>("{}", one_line(text));
    fail<UsageError>("{}: its value ({}) is missing", row->name, row->value);
  } catch (const CLI::ParseError& error) {
    fail<UsageError>("{}; see run_benchmarks --help", one_line(error.what()));
  }
  line.operands = take_operands(parser.remaining(), command);
  take_revision(line);
  check_monitors(line.run);
  check_required(line);
  return line;
}

}  // namespace bv2::app
