// Environment variables behind a seam.
#include "framework/hub/environment.h"

#include <gtest/gtest.h>

namespace bv2::hub {
namespace {

Environment with(const std::string& value) {
  return Environment([value](const std::string& name) -> std::optional<std::string> {
    return name == "X" ? std::optional(value) : std::nullopt;
  });
}

TEST(Environment, AnEmptyVariableIsNotSet) {
  EXPECT_EQ(with("").get("X"), std::nullopt);
  EXPECT_EQ(with("a").get("X"), "a");
  EXPECT_EQ(with("a").get("Y"), std::nullopt);
}

TEST(Environment, TheFirstThatIsSetCounts) {
  EXPECT_EQ(with("a").first_of({"Y", "X"}), "a");
  EXPECT_EQ(with("a").first_of({"Y", "Z"}), std::nullopt);
}

TEST(Environment, TruthIsAsTheHubsOwnToolsReadIt) {
  for (const char* yes : {"1", "on", "Yes", "TRUE"}) EXPECT_TRUE(with(yes).is_true("X")) << yes;
  for (const char* no : {"0", "off", "2", "", "truely"}) EXPECT_FALSE(with(no).is_true("X")) << no;
}

TEST(Environment, IsThatOfTheProcessByDefault) { EXPECT_TRUE(Environment().get("PATH").has_value()); }

}  // namespace
}  // namespace bv2::hub
