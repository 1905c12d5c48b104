// JSON that is well formed and still not usable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/error_text.h"

namespace bv2 {
namespace {

TEST(ParseJson, RefusesNestingThatWouldExhaustTheStack) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(100), "F"));
  EXPECT_THAT(test::error_text([&] { parse_json(nested(101), "F"); }),
              testing::HasSubstr("'F' is not usable JSON (nested deeper than 100 levels)"));
  EXPECT_NO_THROW(parse_json("\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"", "F"));
}

TEST(ParseJson, RefusesNumbersThatOverflow) {
  EXPECT_THAT(test::error_text([] { parse_json("[1e999]", "F"); }),
              testing::HasSubstr("'F' is not usable JSON (a number in it is too large)"));
}

}  // namespace
}  // namespace bv2
