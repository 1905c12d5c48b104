// Shared libraries that are opened at run time.
#include "base/shared_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/built.h"
#include "support/error_text.h"

namespace bv2 {
namespace {

TEST(SharedLibrary, GivesItsOwnFunctionsOnly) {
  SharedLibrary opened(test::module_dir("without_runner") / "without_runner.so");
  const SharedLibrary library = std::move(opened);
  auto* function = library.function<int()>("something_else");
  ASSERT_NE(function, nullptr);
  EXPECT_EQ(function(), 1);
  EXPECT_EQ(library.function<int()>("nothing_of_that_name"), nullptr);
  EXPECT_EQ(library.function<int()>("malloc"), nullptr) << "that is the C library's";
}

TEST(SharedLibrary, ThatIsMissingIsNamed) {
  EXPECT_EQ(test::error_text([] { const SharedLibrary library("/nowhere/x.so"); }),
            "cannot load '/nowhere/x.so': cannot open shared object file: No such file or directory");
}

TEST(SharedLibrary, VersionsOfTheLoadedOnesAreKnown) {
  const auto versions = loaded_library_versions();
  ASSERT_TRUE(versions.contains("libstdc++"));
  EXPECT_THAT(versions.at("libstdc++"), testing::StartsWith("6."));
}

}  // namespace
}  // namespace bv2
