// The commit of a folder, from repositories made for the test.
#include "framework/git_info.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/temporary_folder.h"

namespace bv2 {
namespace {

/// Sets an environment variable for one test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

bool git(const std::filesystem::path& folder, const std::string& arguments) {
  const std::string command = "git -C '" + folder.string() +
                              "' -c user.name=a -c user.email=a@b -c init.defaultBranch=start " + arguments +
                              " >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

TEST(GitInfo, OfACommit) {
  const test::TemporaryFolder folder;
  if (!git(folder.path(), "init")) GTEST_SKIP() << "git is not installed";
  ASSERT_TRUE(git(folder.path(), "commit --allow-empty -m 'Say \"hello\"' -m 'More of it'"));
  const GitInfo info = read_git_info(folder.path());
  ASSERT_TRUE(info.commit_id);
  EXPECT_EQ(info.commit_id->size(), 40U);
  EXPECT_EQ(info.branch_name, "start");
  EXPECT_EQ(info.commit_message, "Say \"hello\"");
  ASSERT_TRUE(git(folder.path(), "checkout --detach"));
  EXPECT_EQ(read_git_info(folder.path()).commit_id, info.commit_id);
  EXPECT_FALSE(read_git_info(folder.path()).branch_name);
}

TEST(GitInfo, BeforeTheFirstCommitThereIsNone) {
  const test::TemporaryFolder folder;
  if (!git(folder.path(), "init")) GTEST_SKIP() << "git is not installed";
  testing::internal::CaptureStderr();
  const GitInfo info = read_git_info(folder.path());
  EXPECT_FALSE(info.commit_id);
  EXPECT_FALSE(info.commit_message);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(GitInfo, OutsideOfARepositoryThereIsNone) {
  const test::TemporaryFolder folder;
  const Environment ceiling("GIT_CEILING_DIRECTORIES", folder.path().parent_path().string());
  testing::internal::CaptureStderr();
  const GitInfo info = read_git_info(folder.path());
  EXPECT_FALSE(info.commit_id || info.branch_name || info.commit_message);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(GitInfo, WithoutGitThereIsNone) {
  const Environment path("PATH", "/nonexistent");
  const GitInfo info = read_git_info(".");
  EXPECT_FALSE(info.commit_id || info.branch_name || info.commit_message);
}

}  // namespace
}  // namespace bv2
