// What a result says of a trace, on times that are known.
#include "framework/trace/profile_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bv2 {
namespace {

using testing::ElementsAre;

/// A prefill of 100 ns and two tokens of 40 and 60 ns, each with one operation, whose part takes half of it.
Trace example() {
  Trace trace{.title = "t", .main_thread = 1, .steps = {}, .spans = {}};
  trace.steps = {
      {.start_ns = 0, .end_ns = 100}, {.start_ns = 200, .end_ns = 240}, {.start_ns = 300, .end_ns = 360}};
  trace.spans = {{"softmax", "definition", 10, 90, "", "", 8},   {"exp", "basic", 20, 60, "", "", 400},
                 {"softmax", "definition", 200, 236, "", "", 8}, {"exp", "basic", 202, 220, "", "", 400},
                 {"softmax", "definition", 302, 356, "", "", 8}, {"exp", "basic", 310, 337, "", "", 400}};
  return trace;
}

TEST(SummariseTrace, AddsUpThePhases) {
  const ProfileResult result = summarise_trace(example(), {{80, 30, 50}, {120, 34, 50}});
  EXPECT_EQ(result.spans, 6);
  ASSERT_EQ(result.phases.size(), 2U);
  const ProfiledPhase& prefill = result.phases[0];
  EXPECT_EQ(prefill.phase, "prefill");
  EXPECT_EQ(prefill.steps, 1);
  EXPECT_DOUBLE_EQ(prefill.seconds, 100e-9);
  EXPECT_DOUBLE_EQ(prefill.untraced_seconds, 100e-9);
  EXPECT_DOUBLE_EQ(prefill.operations_seconds, 80e-9);
  EXPECT_DOUBLE_EQ(*prefill.operations_percent, 80);
  const ProfiledPhase& decode = result.phases[1];
  EXPECT_EQ(decode.phase, "decode");
  EXPECT_EQ(decode.steps, 2);
  EXPECT_DOUBLE_EQ(decode.seconds, 50e-9);
  EXPECT_DOUBLE_EQ(decode.untraced_seconds, 41e-9);
  EXPECT_NEAR(*decode.overhead_percent, 100 * (50.0 / 42.0 - 1), 1e-9) << "of the medians";
  EXPECT_DOUBLE_EQ(*decode.operations_percent, 90);
}

TEST(SummariseTrace, GivesEachNameItsOwnTimeAndBytes) {
  const ProfileResult result = summarise_trace(example(), {});
  ASSERT_EQ(result.operations.size(), 4U);
  const auto find = [&](std::string_view phase, std::string_view name) {
    for (const ProfiledOperation& operation : result.operations) {
      if (operation.phase == phase && operation.name == name) return operation;
    }
    return ProfiledOperation{};
  };
  const ProfiledOperation exp = find("decode", "exp");
  EXPECT_EQ(exp.kind, "basic");
  EXPECT_EQ(exp.count, 2);
  EXPECT_DOUBLE_EQ(exp.seconds, 22.5e-9) << "a step";
  EXPECT_EQ(exp.bytes, 400);
  EXPECT_DOUBLE_EQ(*exp.gigabytes_per_second, 800.0 / 45);
  const ProfiledOperation softmax = find("decode", "softmax");
  EXPECT_DOUBLE_EQ(softmax.seconds, 22.5e-9) << "without its part";
  EXPECT_EQ(softmax.gigabytes_per_second, std::nullopt);
  EXPECT_EQ(result.phases[0].overhead_percent, std::nullopt);
}

TEST(SummariseTrace, AnEncoderHasOneForward) {
  Trace trace = example();
  trace.encodes = true;
  trace.steps.resize(1);
  trace.spans.clear();
  const ProfileResult result = summarise_trace(trace, {{100}});
  ASSERT_EQ(result.phases.size(), 1U);
  EXPECT_EQ(result.phases[0].phase, "forward");
  EXPECT_EQ(result.phases[0].operations_percent, std::nullopt) << "nothing is known of its operations";
}

}  // namespace
}  // namespace bv2
