// Sources to loaded code: the compiler, its errors, and the cache of objects.
#include "engine/compiled/code_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "base/file.h"
#include "support/temporary_folder.h"

namespace bv2::engine::compiled {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

/// Sets an environment variable for as long as it lives.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str())) before_ = before;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~Variable() {
    if (before_)
      ::setenv(name_.c_str(), before_->c_str(), 1);
    else
      ::unsetenv(name_.c_str());
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  std::string name_;
  std::optional<std::string> before_;
};

class CodeBuilderTest : public ::testing::Test {
 protected:
  static CodeUnit answer(int number) {
    return {.title = "a test",
            .source = fmt::format("extern \"C\" int answer() {{ return {}; }}\n", number),
            .graph = "a graph"};
  }
  static int call(const LoadedCode& code) { return code.library.function<int()>("answer")(); }

  std::vector<LoadedCode> build(std::initializer_list<CodeUnit> units) {
    return builder_.build({units.begin(), units.size()}, 2);
  }
  /// Beside and renamed: the old object is still mapped here.
  static void damage(const fs::path& object, const std::string& content) {
    write_file_atomically(object, content);
  }
  [[nodiscard]] fs::path object_of(const CodeUnit& unit) const {
    return folder_.path() / "entries" / builder_.key_of(unit) / "code.so";
  }

  test::TemporaryFolder folder_;
  DiskCache cache_{folder_.path()};
  std::vector<std::string> warnings_;
  CodeBuilder builder_{find_toolchain(), cache_,
                       [this](std::string_view line) { warnings_.emplace_back(line); }};
};

TEST_F(CodeBuilderTest, BuildsSeveralAtOnceAndThenFindsThem) {
  const auto built = build({answer(1), answer(2), answer(3)});
  ASSERT_EQ(built.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(call(built[static_cast<std::size_t>(i)]), i + 1);
    EXPECT_FALSE(built[static_cast<std::size_t>(i)].from_cache);
  }
  const auto found = build({answer(3), answer(1)});
  EXPECT_TRUE(found[0].from_cache && found[1].from_cache);
  EXPECT_EQ(call(found[0]), 3);
  EXPECT_EQ(call(found[1]), 1);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(CodeBuilderTest, TheKeyIsOfEverythingThatShapesTheCode) {
  const std::string key = builder_.key_of(answer(1));
  EXPECT_EQ(key, builder_.key_of(answer(1)));
  EXPECT_NE(key, builder_.key_of(answer(2)));
  CodeUnit unit = answer(1);
  unit.graph = "another graph";
  EXPECT_NE(key, builder_.key_of(unit));
  const auto key_with = [&](const auto& change) {
    Toolchain toolchain = find_toolchain();
    change(toolchain);
    return CodeBuilder(toolchain, cache_, [](std::string_view) {}).key_of(answer(1));
  };
  EXPECT_EQ(key, key_with([](Toolchain&) {}));
  EXPECT_NE(key, key_with([](Toolchain& t) { t.flags.emplace_back("-g"); }));
  EXPECT_NE(key, key_with([](Toolchain& t) { t.version = "g++ 99"; }));
  EXPECT_NE(key, key_with([](Toolchain& t) { t.command = {"ccache", t.command[0]}; }));
  EXPECT_NE(key, key_with([](Toolchain& t) { t.cpu += " and one feature more"; }));
}

TEST_F(CodeBuilderTest, ADamagedObjectIsBuiltAgainWithOneWarning) {
  build({answer(7)});
  damage(object_of(answer(7)), read_file(object_of(answer(7))).substr(0, 100));
  EXPECT_EQ(call(build({answer(7)})[0]), 7);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_THAT(warnings_[0], HasSubstr("code.so' has 100 bytes"));

  build({answer(8)});
  damage(object_of(answer(7)), read_file(object_of(answer(8))));
  EXPECT_EQ(call(build({answer(7)})[0]), 7);
  EXPECT_EQ(warnings_.size(), 2U);
  EXPECT_TRUE(build({answer(7)})[0].from_cache);
  EXPECT_EQ(warnings_.size(), 2U);
}

TEST_F(CodeBuilderTest, ASourceThatDoesNotCompileIsKeptAndToldInOneLine) {
  const CodeUnit wrong{.title = "a wrong test", .source = "int one = 1;\nint two = nothing;\n", .graph = ""};
  try {
    build({answer(1), wrong});
    FAIL() << "it must throw";
  } catch (const Error& error) {
    const std::string line = error.what();
    EXPECT_THAT(line, HasSubstr("a wrong test"));
    EXPECT_THAT(line, HasSubstr("code.cpp:2:"));
    EXPECT_THAT(line, HasSubstr("nothing"));
    EXPECT_THAT(line, Not(HasSubstr("\n")));
    const std::size_t quote = line.rfind("'", line.size() - 2);
    EXPECT_EQ(read_file(line.substr(quote + 1, line.size() - quote - 2)), wrong.source);
  }
  EXPECT_TRUE(build({answer(1)})[0].from_cache) << "the good one is kept";
  EXPECT_EQ(cache_.list().size(), 1U);
}

TEST_F(CodeBuilderTest, ProcessesAtOnceEachGetTheCode) {
  std::vector<pid_t> children;
  for (int index = 0; index < 4; ++index) {
    const pid_t child = ::fork();
    if (child == 0) {
      int wrong = 0;
      for (int number = 0; number < 3; ++number)
        wrong += call(builder_.build(std::array{answer(number)}, 1)[0]) == number ? 0 : 1;
      ::_exit(wrong);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(cache_.list().size(), 3U);
}

TEST(Toolchain, ACompilerThatIsNotThereMakesCompiledModeUnavailable) {
  const Variable cxx("CXX", "/nonexistent/compiler -x");
  try {
    find_toolchain();
    FAIL() << "it must throw";
  } catch (const Unavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/compiler -x"));
  }
}

TEST(Toolchain, WithoutAnyCompilerItSaysWhatToInstall) {
  const test::TemporaryFolder empty;
  const Variable cxx("CXX", "");
  const Variable path("PATH", empty.path().string());
  try {
    find_toolchain();
    FAIL() << "it must throw";
  } catch (const Unavailable& error) {
    EXPECT_THAT(error.what(), HasSubstr("apt-get install g++"));
  }
}

TEST(Toolchain, TheWordsOfCxxAreItsArguments) {
  const Variable cxx("CXX", "g++ -DGIVEN=5");
  const test::TemporaryFolder folder;
  const fs::path source = folder.write("code.cpp", "extern \"C\" int given() { return GIVEN; }\n");
  build_shared_object(find_toolchain(), source, folder.path() / "code.so");
  EXPECT_EQ(SharedLibrary(folder.path() / "code.so").function<int()>("given")(), 5);
}

}  // namespace
}  // namespace bv2::engine::compiled
