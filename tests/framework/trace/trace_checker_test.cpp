// The checker itself: what it takes and what it finds.
#include "support/trace_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bv2::test {
namespace {

using testing::HasSubstr;

std::string faults(const std::string& events) {
  return trace_faults(parse_json(
      R"({"traceEvents": [{"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"main"}},)" + events +
          "]}",
      "the trace"));
}

TEST(TraceChecker, TakesNestedAndFollowingEvents) {
  EXPECT_EQ(faults(R"({"ph":"X","name":"a","ts":1.000,"dur":5,"pid":1,"tid":1},
                      {"ph":"X","name":"b","ts":1.000,"dur":2,"pid":1,"tid":1},
                      {"ph":"X","name":"c","ts":3.000,"dur":3,"pid":1,"tid":1},
                      {"ph":"B","name":"d","ts":6,"pid":1,"tid":1},
                      {"ph":"X","name":"e","ts":7,"dur":1,"pid":1,"tid":1},
                      {"ph":"C","name":"n","ts":7.5,"pid":1,"args":{"value":3}},
                      {"ph":"E","name":"d","ts":8,"pid":1,"tid":1})"),
            "");
}

TEST(TraceChecker, FindsWhatOverlapsInPart) {
  EXPECT_THAT(faults(R"({"ph":"X","name":"a","ts":1,"dur":5,"pid":1,"tid":1},
                        {"ph":"X","name":"b","ts":2,"dur":4.001,"pid":1,"tid":1})"),
              HasSubstr("ends 1 ns after 'a', in which it began"));
}

TEST(TraceChecker, FindsABeginWithoutEndAndAnEndWithoutBegin) {
  EXPECT_THAT(faults(R"({"ph":"B","name":"a","ts":1,"pid":1,"tid":1})"),
              HasSubstr("'a' of thread 1 has no end"));
  EXPECT_THAT(faults(R"({"ph":"E","name":"a","ts":1,"pid":1,"tid":1})"),
              HasSubstr("ends what did not begin"));
  EXPECT_THAT(faults(R"({"ph":"B","name":"a","ts":1,"pid":1,"tid":1},
                        {"ph":"E","name":"b","ts":2,"pid":1,"tid":1})"),
              HasSubstr("ends 'a'"));
}

TEST(TraceChecker, FindsStampsThatGoBackAndMissingFields) {
  EXPECT_THAT(faults(R"({"ph":"X","name":"a","ts":2,"dur":1,"pid":1,"tid":1},
                        {"ph":"X","name":"b","ts":1,"dur":1,"pid":1,"tid":1})"),
              HasSubstr("is earlier than the event before it"));
  EXPECT_THAT(faults(R"({"ph":"X","name":"a","ts":2,"pid":1,"tid":1})"), HasSubstr("has no duration"));
  EXPECT_THAT(faults(R"({"ph":"X","name":"a","ts":2,"dur":-1,"pid":1,"tid":1})"),
              HasSubstr("has no duration"));
  EXPECT_THAT(faults(R"({"ph":"X","name":"a","ts":2,"dur":1,"pid":1,"tid":2})"),
              HasSubstr("thread 2 has no name"));
  EXPECT_THAT(faults(R"({"ph":"C","name":"a","ts":2,"pid":1,"args":{"value":"x"}})"),
              HasSubstr("that is no number"));
  EXPECT_THAT(trace_faults(Json::array()), HasSubstr("no traceEvents"));
}

}  // namespace
}  // namespace bv2::test
