// The system's C++ compiler.
#include "engine/compiled/toolchain.h"

#include <array>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "base/file.h"
#include "base/run_program.h"
#include "engine/ops/isa.h"

namespace bv2::engine::compiled {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

ProgramResult run_compiler(const std::vector<std::string>& command, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), command.begin() + 1, command.end());
  return run_program(command.front(), std::move(arguments), Stderr::with_stdout);
}

/// Empty when that compiler does not run.
std::string version_of(const std::vector<std::string>& command) {
  const ProgramResult result = run_compiler(command, {"--version"});
  return result.succeeded() ? first_line(result.output) : std::string();
}

struct IsaFlags {
  std::string_view isa;
  std::vector<std::string> flags;
};

/// -march=native, or what holds the compiler to less where BV2_MAX_ISA does so.
std::vector<std::string> isa_flags() {
#if defined(__x86_64__)
  const std::array table{IsaFlags{"avx2", {"-march=native", "-mno-avx512f"}},
                         IsaFlags{"sse4", {"-march=x86-64-v2"}},
                         IsaFlags{"scalar", {"-march=x86-64-v2", "-fno-tree-vectorize"}}};
  for (const IsaFlags& row : table)
    if (row.isa == effective_isa()) return row.flags;
#endif
  return {"-march=native"};
}

/// No part of -ffast-math that changes what a program means: sums stay in the order that the source has, NaN
/// and infinity are respected. A product and a sum may become one instruction, which rounds once less.
std::vector<std::string> all_flags() {
  std::vector<std::string> flags{"-std=c++17",
                                 "-O3",
                                 "-fPIC",
                                 "-shared",
                                 "-fno-math-errno",
                                 "-fno-trapping-math",
                                 "-ffp-contract=fast",
                                 "-fno-exceptions",
                                 "-fno-rtti",
                                 "-w"};
  const std::vector<std::string> isa = isa_flags();
  flags.insert(flags.end(), isa.begin(), isa.end());
  return flags;
}

std::string cpu_of_this_machine() {
  std::string cpu;
  std::istringstream lines;
  try {
    lines.str(read_file("/proc/cpuinfo"));
  } catch (const Error&) {  // elsewhere than on Linux the effective instruction set says what there is
  }
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    constexpr std::array kept{"model name", "flags", "Features", "CPU part"};
    for (const char* name : kept)
      if (line.starts_with(name)) cpu += line + "\n";
  }
  return cpu + std::string(effective_isa());
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// The first line that speaks of an error, without the folder.
std::string first_complaint(const std::string& output, const std::filesystem::path& folder) {
  std::istringstream lines(output);
  std::string found = first_line(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error") == std::string::npos) continue;
    found = line;
    break;
  }
  const std::string prefix = folder.string() + "/";
  if (found.starts_with(prefix)) found.erase(0, prefix.size());
  return found;
}

}  // namespace

std::string Toolchain::identity() const {
  return joined(command) + "\n" + version + "\n" + joined(flags) + "\n" + cpu + "\n";
}

Toolchain find_toolchain() {
  std::vector<std::vector<std::string>> candidates{{"g++"}, {"clang++"}, {"c++"}};
  const char* named = std::getenv("CXX");
  const std::vector<std::string> from_environment = words_of(named == nullptr ? "" : named);
  if (!from_environment.empty()) candidates = {from_environment};
  for (std::vector<std::string>& command : candidates) {
    std::string version = version_of(command);
    if (version.empty()) continue;
    return {.command = std::move(command),
            .version = std::move(version),
            .flags = all_flags(),
            .cpu = cpu_of_this_machine()};
  }
  if (!from_environment.empty())
    fail<Unavailable>("compiled mode needs a C++ compiler, and CXX='{}' does not run: correct or unset it",
                      named);
  fail<Unavailable>(
      "compiled mode needs a C++ compiler: install one (apt-get install g++), or name it in CXX");
}

void build_shared_object(const Toolchain& toolchain, const std::filesystem::path& source,
                         const std::filesystem::path& object) {
  std::vector<std::string> arguments = toolchain.flags;
  arguments.insert(arguments.end(), {"-o", object.string(), source.string()});
  const ProgramResult result = run_compiler(toolchain.command, std::move(arguments));
  if (result.succeeded()) return;
  if (!result.started) fail("'{}' could not be started", joined(toolchain.command));
  if (result.status > 128)
    fail("'{}' was ended by signal {}", joined(toolchain.command), result.status - 128);
  fail("'{}' refused it: {}", joined(toolchain.command),
       first_complaint(result.output, source.parent_path()));
}

}  // namespace bv2::engine::compiled
