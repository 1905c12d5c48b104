// The journal of a run: everything that happened, a line each, on the disk before the next begins.
#include "framework/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/clock.h"
#include "base/file.h"

namespace bv2 {

namespace fs = std::filesystem;
namespace {

constexpr const char* journal_name = "journal.jsonl";

}  // namespace

Journal::Journal(const fs::path& path, std::uintmax_t keep_bytes)
    : path_(path.string()), size_bytes_(keep_bytes) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) fail("cannot write '{}': {}", path_, std::strerror(errno));
  // Released with the last descriptor, however the process ends.
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(std::exchange(fd_, -1));
    fail("the journal '{}' is being written by another process: its run still goes on", path_);
  }
  struct stat status {};
  ::fstat(fd_, &status);
  if (static_cast<std::uintmax_t>(status.st_size) == keep_bytes) return;
  if (::ftruncate(fd_, static_cast<off_t>(keep_bytes)) == 0) return;
  const int error = errno;
  ::close(std::exchange(fd_, -1));
  fail("cannot write '{}': {}", path_, std::strerror(error));
}

Journal::~Journal() {
  if (fd_ < 0) return;
  ::fdatasync(fd_);
  ::close(fd_);
}

Journal::Journal(Journal&& other) noexcept { *this = std::move(other); }

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(next_sync_ns_, other.next_sync_ns_);
  return *this;
}

void Journal::append_line(const Json& line) {
  if (fd_ < 0) return;
  std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t count = ::write(fd_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const int error = errno;
      // Half a line is of no use, and on a full disk its place is wanted for results.
      [[maybe_unused]] const int ignored = ::ftruncate(fd_, static_cast<off_t>(size_bytes_));
      ::close(std::exchange(fd_, -1));
      fail("cannot write '{}': {}", path_, std::strerror(error));
    }
    written += static_cast<std::size_t>(count);
  }
  size_bytes_ += text.size();
  if (monotonic_now_ns() < next_sync_ns_) return;
  // A sync takes milliseconds: each second at most, or quick scenarios would wait for the disk.
  constexpr std::int64_t sync_interval_ns = 1'000'000'000;
  ::fdatasync(fd_);
  next_sync_ns_ = monotonic_now_ns() + sync_interval_ns;
}

JournalContent read_journal(const fs::path& path) {
  const std::string text = read_file(path);
  JournalContent content;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    try {
      const Json json = parse_json(line, path.string());
      content.lines.push_back({json.at("event").get<std::string>(), json.at("record")});
    } catch (const std::exception&) {
      // Power that fails may leave a last line of anything.
      if (text.find('\n', end + 1) == std::string::npos) break;
      fail("the journal '{}' is damaged in line {}: the run cannot be resumed", path.string(),
           content.lines.size() + 1);
    }
    content.whole_bytes = end + 1;
  }
  return content;
}

fs::path new_journal_path(const fs::path& output_dir, const std::string& stem) {
  fs::path folder = output_dir / stem;
  std::error_code error;
  for (int number = 2; !fs::create_directory(folder, error); ++number) {
    if (error) fail("cannot create the folder '{}': {}", folder.string(), error.message());
    folder = output_dir / fmt::format("{}-{}", stem, number);
  }
  return folder / journal_name;
}

fs::path newest_unfinished_journal(const fs::path& output_dir) {
  std::vector<fs::path> journals;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(output_dir, error)) {
    const fs::path journal = entry.path() / journal_name;
    if (fs::is_regular_file(journal, error)) journals.push_back(journal);
  }
  // By the time of the last line; names alone do not order what began in the same second.
  std::ranges::sort(journals, std::greater<>(),
                    [&](const fs::path& path) { return fs::last_write_time(path, error); });
  for (const fs::path& journal : journals) {
    const JournalContent content = read_journal(journal);
    if (!content.lines.empty() && content.lines.back().event != FinishedRecord::event) return journal;
  }
  return {};
}

}  // namespace bv2
