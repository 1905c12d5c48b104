// Traces as files that viewers load.
#include "framework/trace/chrome_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/trace_checker.h"

namespace bv2 {
namespace {

using testing::ElementsAre;

/// Two steps of a thread 7 with a thread 8 beside it: an operation with two parts, then one of its own.
Trace example() {
  Trace trace{.title = "a \"model\"", .main_thread = 7, .steps = {}, .spans = {}};
  trace.steps = {{.start_ns = 1'000,
                  .end_ns = 9'500,
                  .counters = {{"cpu_time_ns", 15'000}},
                  .threads = {{7, "main", 8'000}, {8, "worker", 4'250}, {9, "sleeper", 0}}},
                 {.start_ns = 20'000, .end_ns = 21'001, .counters = {{"cpu_time_ns", 900}}, .threads = {}}};
  trace.spans = {{"rms_norm", "definition", 1'000, 5'000, "float32 [1, 4]", "float32 [1, 4]", 32},
                 {"mul", "basic", 1'000, 3'000, "float32 [1, 4]", "float32 [1, 4]", 64},
                 {"mean", "basic", 3'000, 5'000, "float32 [1, 4]", "float32 [1, 1]", 0},
                 {"linear/panel_gemv/avx512", "kernel", 20'000, 21'000, "", "", 4'000}};
  return trace;
}

std::vector<std::string> names(const Json& document, std::string_view phase) {
  std::vector<std::string> found;
  for (const Json& event : document["traceEvents"]) {
    if (event["ph"] == phase) found.push_back(event["name"]);
  }
  return found;
}

Json event_of(const Json& document, std::string_view name) {
  for (const Json& event : document["traceEvents"]) {
    if (event["name"] == name) return event;
  }
  return {};
}

TEST(ChromeTrace, KeepsTheRulesOfTheFormat) {
  const Json document = parse_json(chrome_trace(example()), "the trace");
  EXPECT_EQ(test::trace_faults(document), "");
  EXPECT_THAT(names(document, "X"), ElementsAre("prefill", "prefill", "rms_norm", "mul", "mean", "token 1",
                                                "linear/panel_gemv/avx512"));
  EXPECT_THAT(names(document, "C"), ElementsAre("cpu_time_ns", "cpu_time_ns"));
  EXPECT_THAT(names(document, "M"), ElementsAre("process_name", "thread_name", "thread_name"));
}

TEST(ChromeTrace, SaysOfASpanWhatItRanOnAndHowFastItMovedBytes) {
  const Json document = parse_json(chrome_trace(example()), "the trace");
  const Json mul = event_of(document, "mul");
  EXPECT_EQ(mul["cat"], "basic");
  EXPECT_EQ(mul["ts"], 1.0);
  EXPECT_EQ(mul["dur"], 2.0);
  EXPECT_EQ(mul["tid"], 7);
  EXPECT_EQ(mul["args"]["inputs"], "float32 [1, 4]");
  EXPECT_EQ(mul["args"]["outputs"], "float32 [1, 4]");
  EXPECT_EQ(mul["args"]["bytes"], 64);
  EXPECT_DOUBLE_EQ(mul["args"]["GB/s"].get<double>(), 0.032);
  EXPECT_FALSE(event_of(document, "mean")["args"].contains("GB/s"));
  EXPECT_EQ(document["otherData"]["title"], "a \"model\"");
}

TEST(ChromeTrace, ShowsWhatEachThreadThatRanHadOfAStep) {
  const Json document = parse_json(chrome_trace(example()), "the trace");
  std::vector<std::int64_t> threads;
  for (const Json& event : document["traceEvents"]) {
    if (event["name"] != "prefill") continue;
    threads.push_back(event["tid"]);
    if (event["tid"] == 8) {
      EXPECT_DOUBLE_EQ(event["args"]["cpu_share"].get<double>(), 0.5);
    }
  }
  EXPECT_THAT(threads, testing::UnorderedElementsAre(7, 8));
}

TEST(ChromeTrace, StampsAreTheClockToTheNanosecond) {
  Trace trace = example();
  const std::int64_t uptime_ns = 3'000'000'000'000'123;  // five weeks
  trace.steps = {{.start_ns = uptime_ns, .end_ns = uptime_ns + 1'001}};
  trace.spans = {};
  EXPECT_THAT(chrome_trace(trace), testing::HasSubstr(R"("ts":3000000000000.123,"dur":1.001)"));
}

TEST(SpanDepths, CountTheSpansAround) { EXPECT_THAT(span_depths(example().spans), ElementsAre(0, 1, 1, 0)); }

}  // namespace
}  // namespace bv2
