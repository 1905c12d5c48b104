// Traces as files that viewers load.
#include "framework/trace/chrome_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

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

std::vector<std::pair<double, std::int64_t>> track(const Json& document, const std::string& process,
                                                   std::string_view name) {
  std::map<std::string, int> ids;
  for (const Json& event : document["traceEvents"]) {
    if (event["name"] == "process_name") ids[event["args"]["name"]] = event["pid"];
  }
  std::vector<std::pair<double, std::int64_t>> points;
  for (const Json& event : document["traceEvents"]) {
    if (event["ph"] == "C" && event["name"] == name && event["pid"] == ids.at(process))
      points.emplace_back(event["ts"], event["args"]["value"]);
  }
  return points;
}

TEST(ChromeTrace, SamplesOfItsSpanAreTracksOfTheirDevices) {
  SampleSeries power{.name = "gpu_power_mw", .values = {1, 2, std::nullopt, 4, 5}};
  SampleSeries energy{.name = "gpu_energy_uj", .values = {100, 150, 180, 220, 300}};
  SampleSeries package{.name = "package_energy_uj", .values = {std::nullopt, std::nullopt, 7, 9, 12}};
  power.device.emplace("GPU-1");
  energy.device.emplace("GPU-1");
  SampleSeries second = power;
  second.device.emplace("GPU-2");
  second.values = {10, 20, 30, 40, 50};
  // One before the first step, one at its begin, one between the steps, one at the last one's end, one after.
  const std::vector<std::int64_t> times{999, 1'000, 15'000, 21'001, 21'002};
  const std::vector<MonitorSamples> samples{
      {.monitor = "gpu", .time_ns = times, .series = {power, energy, second}},
      {.monitor = "energy", .time_ns = times, .series = {package}}};
  const Json document = parse_json(chrome_trace(example(), samples), "the trace");
  EXPECT_EQ(test::trace_faults(document), "");
  using testing::Pair;
  EXPECT_THAT(track(document, "GPU-1", "gpu_power_mw"), ElementsAre(Pair(1.0, 2), Pair(21.001, 4)));
  EXPECT_THAT(track(document, "GPU-1", "gpu_energy_uj"),
              ElementsAre(Pair(1.0, 0), Pair(15.0, 30), Pair(21.001, 70)));
  EXPECT_THAT(track(document, "GPU-2", "gpu_power_mw"),
              ElementsAre(Pair(1.0, 20), Pair(15.0, 30), Pair(21.001, 40)));
  EXPECT_THAT(track(document, "energy", "package_energy_uj"), ElementsAre(Pair(15.0, 0), Pair(21.001, 2)));
}

TEST(SpanDepths, CountTheSpansAround) { EXPECT_THAT(span_depths(example().spans), ElementsAre(0, 1, 1, 0)); }

}  // namespace
}  // namespace bv2
