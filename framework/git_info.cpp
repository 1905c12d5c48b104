// The commit that a run is of.
#include "framework/git_info.h"

#include <vector>

#include "base/run_program.h"

namespace bv2 {
namespace {

/// The first line that `git ARGUMENTS` prints; nothing when it fails or prints none.
std::optional<std::string> git(std::vector<std::string> arguments) {
  const ProgramResult result = run_program("git", std::move(arguments));
  const std::string line = result.output.substr(0, result.output.find('\n'));
  if (!result.succeeded() || line.empty()) return std::nullopt;
  return line;
}

}  // namespace

GitInfo read_git_info(const std::filesystem::path& folder) {
  const auto ask = [&](std::vector<std::string> question) {
    question.insert(question.begin(), {"-C", folder.string()});
    return git(std::move(question));
  };
  return {.commit_id = ask({"rev-parse", "--verify", "HEAD"}),
          .branch_name = ask({"symbolic-ref", "--short", "--quiet", "HEAD"}),
          .commit_message = ask({"log", "-1", "--format=%s"})};
}

}  // namespace bv2
