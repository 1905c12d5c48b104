// How far a transfer is.
#include "framework/hub/transfer_status.h"

#include <gtest/gtest.h>

#include <vector>

namespace bv2::hub {
namespace {

TEST(TransferStatus, Line) {
  TransferStatus status{"downloading a/b", 120'300'000, 269'100'000, 2, 5, 35'200'000, 4.2};
  EXPECT_EQ(format_status(status), "downloading a/b: 44%, 120.3 of 269.1 MB, 35.2 MB/s, 5 s left");
  status.seconds_left = 754;
  EXPECT_EQ(format_status(status), "downloading a/b: 44%, 120.3 of 269.1 MB, 35.2 MB/s, 12:34 min left");
  status.bytes_per_second = 0;
  status.seconds_left.reset();
  EXPECT_EQ(format_status(status), "downloading a/b: 44%, 120.3 of 269.1 MB");
  EXPECT_EQ(format_status({"x", 0, 0, 0, 0, 0, std::nullopt}), "x: 100%, 0 of 0 B");
}

TEST(TransferStatus, Bytes) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1500), "1.5 kB");
  EXPECT_EQ(format_bytes(5'000'000'000), "5.0 GB");
}

TEST(TransferMeter, RateIsOfTheLastSecondsAndOfWhatMoved) {
  std::int64_t now_ns = 0;
  std::vector<TransferStatus> seen;
  TransferMeter meter(
      "x", [&](const TransferStatus& status) { seen.push_back(status); }, [&] { return now_ns; });
  meter.expect(2, 1000);
  meter.had(400);  // from an earlier download
  now_ns = 1'000'000'000;
  meter.moved(100);
  EXPECT_EQ(seen.back().done_bytes, 500U);
  EXPECT_DOUBLE_EQ(seen.back().bytes_per_second, 100);
  EXPECT_DOUBLE_EQ(*seen.back().seconds_left, 5);
  for (int second = 2; second <= 11; ++second) {  // slower from now on: the fast beginning is forgotten
    now_ns = second * 1'000'000'000LL;
    meter.moved(10);
  }
  EXPECT_NEAR(seen.back().bytes_per_second, 10, 1e-9);
}

TEST(TransferMeter, ReportsAtMostTenTimesASecondButAlwaysTheEnd) {
  std::int64_t now_ns = 0;
  std::vector<TransferStatus> seen;
  TransferMeter meter(
      "x", [&](const TransferStatus& status) { seen.push_back(status); }, [&] { return now_ns; });
  meter.expect(1, 1000);
  for (int i = 0; i < 1000; ++i) {
    now_ns += 1'000'000;
    meter.moved(1);
  }
  EXPECT_LE(seen.size(), 12U);
  meter.file_done();
  EXPECT_EQ(seen.back().done_files, 1);
  EXPECT_EQ(seen.back().done_bytes, 1000U);
}

}  // namespace
}  // namespace bv2::hub
