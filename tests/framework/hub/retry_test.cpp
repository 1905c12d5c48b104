// When a request is tried again, and after how long.
#include "framework/hub/retry.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace bv2::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HttpHeaders headers(const std::string& name, const std::string& value) {
  HttpHeaders made;
  made.add(name, value);
  return made;
}

const auto epoch = std::chrono::system_clock::from_time_t(0);

TEST(AskedWait, SecondsDateAndRateLimit) {
  EXPECT_EQ(asked_wait({}, epoch), std::nullopt);
  EXPECT_EQ(asked_wait(headers("Retry-After", "17"), epoch), seconds(17));
  EXPECT_EQ(asked_wait(headers("retry-after", "Thu, 01 Jan 1970 00:01:30 GMT"), epoch), seconds(90));
  EXPECT_EQ(asked_wait(headers("Retry-After", "Thu, 01 Jan 1970 00:01:30 GMT"), epoch + seconds(100)),
            seconds(0));
  EXPECT_EQ(asked_wait(headers("Retry-After", "soon"), epoch), std::nullopt);
  EXPECT_EQ(asked_wait(headers("RateLimit", "\"api\";r=0;t=55"), epoch), seconds(55));
  EXPECT_EQ(asked_wait(headers("RateLimit", "\"api\";r=12;t=55"), epoch), std::nullopt);
}

TEST(Retry, PassingStatuses) {
  for (const long status : {408, 429, 500, 502, 503, 504}) EXPECT_TRUE(is_passing_status(status)) << status;
  for (const long status : {200, 302, 400, 401, 403, 404, 501})
    EXPECT_FALSE(is_passing_status(status)) << status;
}

struct RetryTest : ::testing::Test {
  RetryTest() {
    options.environment = Environment([](const std::string&) { return std::nullopt; });
    options.http.wait = [this](milliseconds duration) { waits.push_back(duration); };
  }
  HubOptions options;
  std::vector<milliseconds> waits;
};

TEST_F(RetryTest, WaitsDoubleWithJitterUpToALimit) {
  options.http.max_attempts = 9;
  options.http.first_backoff = milliseconds(1000);
  options.http.longest_backoff = milliseconds(8000);
  const Session session(options);
  Retry retry(session);
  while (retry.wait_for_next("x")) {
  }
  ASSERT_EQ(waits.size(), 8U);
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const int whole = std::min(1000 << i, 8000);
    EXPECT_GE(waits[i].count(), whole / 2) << i;
    EXPECT_LE(waits[i].count(), whole) << i;
  }
}

TEST_F(RetryTest, JitterDiffers) {
  options.http.max_attempts = 100;
  options.http.first_backoff = options.http.longest_backoff = milliseconds(1'000'000);
  const Session session(options);
  Retry retry(session);
  while (retry.wait_for_next("x")) {
  }
  EXPECT_GT(std::set<milliseconds>(waits.begin(), waits.end()).size(), 90U);
}

TEST_F(RetryTest, WhatTheServerAsksForIsHonoured) {
  const Session session(options);
  Retry retry(session);
  EXPECT_TRUE(retry.wait_for_next("x", seconds(100)));
  EXPECT_EQ(waits.back(), seconds(100));
  EXPECT_FALSE(retry.wait_for_next("x", seconds(301)));  // too long to sit there
}

TEST_F(RetryTest, ProgressStartsTheCountAnew) {
  options.http.max_attempts = 2;
  const Session session(options);
  Retry retry(session);
  EXPECT_TRUE(retry.wait_for_next("x"));
  EXPECT_FALSE(retry.wait_for_next("x"));
  retry.progressed();
  EXPECT_TRUE(retry.wait_for_next("x"));
}

TEST_F(RetryTest, AnInterruptEndsTheWait) {
  options.http.wait = nullptr;
  options.interrupted = [] { return true; };
  const Session session(options);
  Retry retry(session);
  EXPECT_THROW(retry.wait_for_next("x", seconds(100)), Interrupted);
}

}  // namespace
}  // namespace bv2::hub
