// One file: resumed, verified, or refused.
#include "framework/hub/blob_download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/file.h"
#include "support/error_text.h"
#include "support/hub_fixture.h"

namespace bv2::hub {
namespace {

using std::chrono::seconds;
using test::error_text;
using test::HubFault;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = HubFault::Kind;

struct BlobDownloadTest : test::HubTest {
  BlobDownloadTest() {
    const std::string commit = server.add_repository("models", "org/name", {{"model.safetensors", content}});
    source = {server.endpoint() + "/org/name/resolve/" + commit + "/model.safetensors",
              {{RepositoryKind::model, "org/name", "main"}, "model.safetensors"},
              content.size(),
              DigestKind::sha256,
              digest_of(DigestKind::sha256, content)};
  }

  /// Downloads and gives what is in the file then.
  std::string download() { return download(options()); }
  std::string download(const HubOptions& chosen) {
    const Session session(chosen);
    HttpClient client(session);
    TransferMeter meter("x", {});
    download_blob(client, source, path, meter);
    return read_file(path);
  }
  std::vector<std::string> ranges_asked_for() {
    std::vector<std::string> ranges;
    for (const auto& request : server.requests("GET", "/files/")) {
      const auto range = request.headers.find("range");
      ranges.push_back(range == request.headers.end() ? "" : range->second);
    }
    return ranges;
  }

  const std::string content = test::random_bytes(300'000);
  BlobSource source;
  std::filesystem::path path = folder.path() / "blob.incomplete";
};

TEST_F(BlobDownloadTest, Whole) { EXPECT_EQ(download(), content); }

TEST_F(BlobDownloadTest, GoesOnFromWhatIsThere) {
  write_file_atomically(path, content.substr(0, 123'456));
  EXPECT_EQ(download(), content);
  EXPECT_THAT(ranges_asked_for(), ::testing::ElementsAre("bytes=123456-"));
}

TEST_F(BlobDownloadTest, NothingIsAskedForWhenAllIsThere) {
  write_file_atomically(path, content);
  EXPECT_EQ(download(), content);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(BlobDownloadTest, WhatIsTooLongIsThrownAway) {
  write_file_atomically(path, content + "more");
  EXPECT_EQ(download(), content);
}

TEST_F(BlobDownloadTest, ADamagedBeginningIsNoticedAndReplaced) {
  write_file_atomically(path, std::string(1000, 'x'));
  EXPECT_EQ(download(), content);
  EXPECT_THAT(ranges_asked_for(), ::testing::ElementsAre("bytes=1000-", ""));
}

TEST_F(BlobDownloadTest, SurvivesAHundredDropsAtRandomBytes) {
  std::minstd_rand random(20260115);
  for (int trial = 0; trial < 100; ++trial) {
    std::filesystem::remove(path);
    const auto drops = 1 + random() % 3;
    for (unsigned i = 0; i < drops; ++i) {
      server.add_fault({.kind = Kind::drop, .path_part = "/files/", .bytes = random() % content.size()});
    }
    server.forget_requests();
    ASSERT_EQ(digest_of(DigestKind::sha256, download()), source.hash) << trial;
    const auto ranges = ranges_asked_for();
    ASSERT_GE(ranges.size(), 2U) << trial;  // it was dropped
    server.with_store([](test::HubStore&) {});
    // Drops that came after the end of the file are left over: use them up.
    while (server.requests("GET", "/files/").size() < drops + 1) {
      std::filesystem::remove(path);
      ASSERT_EQ(download(), content);
    }
  }
}

TEST_F(BlobDownloadTest, AnAnswerThatEndsEarlyGoesOn) {
  server.add_fault({.kind = Kind::end_early, .path_part = "/files/", .bytes = 77'777});
  EXPECT_EQ(download(), content);
  EXPECT_THAT(ranges_asked_for(), ::testing::ElementsAre("", "bytes=77777-"));
}

TEST_F(BlobDownloadTest, AServerWithoutRangesGivesItAllAgain) {
  write_file_atomically(path, content.substr(0, 1000));
  server.add_fault({.kind = Kind::no_ranges, .path_part = "/files/"});
  EXPECT_EQ(download(), content);
  EXPECT_EQ(ranges_asked_for().size(), 1U);
}

TEST_F(BlobDownloadTest, ARangeThatTheServerDoesNotHaveStartsOver) {
  write_file_atomically(path, content.substr(0, 1000));
  server.add_fault({.path_part = "/files/", .status = 416});
  EXPECT_EQ(download(), content);
}

TEST_F(BlobDownloadTest, AWrongRangeIsNotTaken) {
  write_file_atomically(path, content.substr(0, 1000));
  server.add_fault({.path_part = "/files/",
                    .status = 206,
                    .headers = {{"Content-Range", "bytes 0-9/300000"}},
                    .body = "0123456789"});
  EXPECT_EQ(download(), content);
}

TEST_F(BlobDownloadTest, MoreThanTheFileHasIsNotTaken) {
  server.add_fault({.path_part = "/files/", .status = 200, .body = content + "more"});
  EXPECT_EQ(download(), content);
}

TEST_F(BlobDownloadTest, AWrongByteIsNoticedAndAskedForAgain) {
  server.add_fault({.kind = Kind::corrupt, .path_part = "/files/", .bytes = 200'000});
  EXPECT_EQ(download(), content);
  EXPECT_EQ(ranges_asked_for().size(), 2U);
}

TEST_F(BlobDownloadTest, TwiceWrongIsRefusedAndNothingStays) {
  server.add_fault({.kind = Kind::corrupt, .path_part = "/files/", .times = 2, .bytes = 5});
  EXPECT_EQ(error_text([&] { download(); }),
            "the file 'model.safetensors' of the model 'org/name' came with a wrong hash twice, and was "
            "thrown away: a "
            "proxy or a mirror changes it (HF_ENDPOINT is " +
                server.endpoint() + ")");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(BlobDownloadTest, StatusesThatPassArePassed) {
  server.add_fault({.path_part = "/resolve/", .status = 429, .headers = {{"Retry-After", "3"}}});
  server.add_fault({.path_part = "/files/", .times = 2, .status = 502});
  EXPECT_EQ(download(), content);
  EXPECT_EQ(waits.at(0), seconds(3));
  EXPECT_EQ(waits.size(), 3U);
}

TEST_F(BlobDownloadTest, ASignatureThatExpiredIsRenewedByTheHub) {
  server.add_fault({.path_part = "/files/", .status = 403});
  EXPECT_EQ(download(), content);
  EXPECT_EQ(server.requests("GET", "/resolve/").size(), 2U);
}

TEST_F(BlobDownloadTest, GivesUpAfterAttemptsWithoutProgressAndKeepsWhatCame) {
  server.add_fault({.kind = Kind::drop, .path_part = "/files/", .times = 100, .bytes = 100});
  EXPECT_THAT(error_text([&] { download(); }),
              AllOf(HasSubstr("cannot get at the file 'model.safetensors' of the model 'org/name'"),
                    HasSubstr("(500 B of 300.0 kB are kept, the next attempt goes on from there)"),
                    HasSubstr("or use --offline for what was downloaded before")));
  EXPECT_EQ(read_file(path), content.substr(0, 500));
}

TEST_F(BlobDownloadTest, ProgressDoesNotCountAsFailure) {
  server.add_fault({.kind = Kind::drop, .path_part = "/files/", .times = 7, .bytes = 40'000});
  EXPECT_EQ(download(), content);
  EXPECT_EQ(waits.size(), 7U);
}

TEST_F(BlobDownloadTest, AMereTrickleIsGivenUp) {
  server.add_fault({.kind = Kind::trickle, .path_part = "/files/", .times = 100, .bytes = 10});
  HubOptions impatient = options();
  impatient.http.low_speed_bytes_per_second = 10'000;
  impatient.http.low_speed_window = seconds(1);
  impatient.http.max_attempts = 2;
  EXPECT_THAT(error_text([&] { download(impatient); }), HasSubstr("too slow"));
}

TEST_F(BlobDownloadTest, ALinkInItsPlaceIsNotWrittenThrough) {
  const auto victim = folder.write("victim", "precious");
  std::filesystem::create_symlink(victim, path);
  EXPECT_THAT(error_text([&] { download(); }), HasSubstr("cannot write"));
  EXPECT_EQ(read_file(victim), "precious");
}

TEST_F(BlobDownloadTest, AnInterruptKeepsWhatCame) {
  server.add_fault({.kind = Kind::trickle, .path_part = "/files/", .times = 1, .bytes = 1000});
  HubOptions interruptible = options();
  const auto start = std::chrono::steady_clock::now();
  interruptible.interrupted = [=] {
    return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(500);
  };
  EXPECT_THROW(download(interruptible), Interrupted);
  const auto kept = std::filesystem::file_size(path);
  EXPECT_GT(kept, 0U);
  EXPECT_EQ(read_file(path), content.substr(0, kept));
  EXPECT_EQ(download(), content);
}

TEST_F(BlobDownloadTest, AnEmptyFile) {
  const std::string commit = server.add_repository("models", "org/name", {{"added_tokens.json", ""}});
  source = {server.endpoint() + "/org/name/resolve/" + commit + "/added_tokens.json", source.subject, 0,
            DigestKind::git_blob, digest_of(DigestKind::git_blob, "")};
  EXPECT_EQ(download(), "");
}

}  // namespace
}  // namespace bv2::hub
