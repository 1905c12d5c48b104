// Times of day as text.
#include "framework/timestamp.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace bv2 {
namespace {

using namespace std::chrono_literals;

std::chrono::system_clock::time_point at(std::int64_t milliseconds) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

TEST(Timestamp, OfDocumentsIsUtcWithMilliseconds) {
  EXPECT_EQ(utc_timestamp(at(1'768'487'422'123)), "2026-01-15T14:30:22.123Z");
  EXPECT_EQ(utc_timestamp(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_timestamp(at(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_timestamp(at(999) + 999us), "1970-01-01T00:00:00.999Z");
}

TEST(Timestamp, IsReadBack) {
  for (const std::int64_t milliseconds :
       {std::int64_t{1'768'487'422'123}, std::int64_t{0}, std::int64_t{-1}}) {
    EXPECT_EQ(time_of_utc_timestamp(utc_timestamp(at(milliseconds))), at(milliseconds));
  }
  for (const auto* text :
       {"", "2026-01-15", "2026-01-15T14:30:22.123", "2026-01-15T14:30:22.123Z ", "2026-02-30T14:30:22.123Z",
        "2999-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"}) {
    EXPECT_EQ(time_of_utc_timestamp(text), std::nullopt) << text;
  }
}

TEST(Timestamp, OfFileNamesIsLocal) {
  ::setenv("TZ", "XYZ-2", 1);  // two hours ahead of UTC
  ::tzset();
  EXPECT_EQ(file_name_timestamp(at(1'768'487'422'123)), "20260115_163022");
  ::unsetenv("TZ");
  ::tzset();
}

}  // namespace
}  // namespace bv2
