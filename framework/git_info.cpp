// The commit that a run is of.
#include "framework/git_info.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

extern char** environ;

namespace bv2 {
namespace {

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (ssize_t count = 0; (count = ::read(fd, chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return text;
}

/// The first line that `git ARGUMENTS` prints; nothing when it fails or prints none.
std::optional<std::string> git(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "git");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, "git", &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  const std::string output = failure == 0 ? read_to_end(ends[0]) : std::string();
  ::close(ends[0]);
  if (failure != 0) return std::nullopt;
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::string line = output.substr(0, output.find('\n'));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || line.empty()) return std::nullopt;
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
