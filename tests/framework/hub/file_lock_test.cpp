// The lock between processes.
#include "framework/hub/file_lock.h"

#include <gtest/gtest.h>
#include <sys/file.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2::hub {
namespace {

struct GaveUp : std::runtime_error {
  GaveUp() : std::runtime_error("gave up") {}
};
void give_up() { throw GaveUp(); }

TEST(FileLock, KeepsOthersOutWhileItLives) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.lock";
  std::optional<FileLock> first(std::in_place, path, give_up);
  EXPECT_THROW(FileLock(path, give_up), GaveUp);
  first.reset();
  EXPECT_NO_THROW(FileLock(path, give_up));
}

TEST(FileLock, WaitsUntilItIsFree) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.lock";
  std::optional<FileLock> first(std::in_place, path, give_up);
  std::atomic<bool> waited{false};
  std::atomic<bool> got{false};
  std::thread other([&] {
    const FileLock second(path, [&] { waited = true; });
    got = true;
  });
  while (!waited) std::this_thread::yield();
  EXPECT_FALSE(got);
  first.reset();
  other.join();
  EXPECT_TRUE(got);
}

TEST(FileLock, ALockOnADeletedFileIsNone) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.lock";
  // Another tool holds the lock, and deletes the file before it lets go of it.
  const int other = ::open(path.c_str(), O_RDWR | O_CREAT, 0666);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  const FileLock lock(path, [&, done = false]() mutable {
    if (std::exchange(done, true)) return;
    std::filesystem::remove(path);
    ::close(other);
  });
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_THROW(FileLock(path, give_up), GaveUp);
}

TEST(FileLock, SaysWhatItCannotLock) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "missing" / "x.lock";
  EXPECT_EQ(test::error_text([&] { FileLock(path, give_up); }),
            "cannot make the lock file '" + path.string() + "': No such file or directory");
}

}  // namespace
}  // namespace bv2::hub
