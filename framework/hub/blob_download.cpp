// One file from the Hub, whole or not at all.
#include "framework/hub/blob_download.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "framework/hub/retry.h"
#include "framework/hub/trailing_digest.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

/// The file that grows, with the hash of what is in it.
class PartialFile {
 public:
  PartialFile(const std::filesystem::path& path, const BlobSource& source, TransferMeter& meter)
      : path_(path), source_(source), meter_(meter) {
    // Not through a link: nobody but this cache puts files here.
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ < 0) fail_to_write(errno);
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail_to_write(errno);
    size_ = static_cast<std::uint64_t>(status.st_size);
    meter_.had(size_);
    if (size_ > source_.size_bytes) start_over();
    start_digest();
  }
  ~PartialFile() {
    digest_.reset();  // reads the file
    if (fd_ >= 0) ::close(fd_);
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  [[nodiscard]] std::uint64_t size_bytes() const { return size_; }
  [[nodiscard]] bool whole() const { return size_ == source_.size_bytes; }

  void start_over() {
    digest_.reset();
    if (::ftruncate(fd_, 0) != 0) fail_to_write(errno);
    meter_.lost(size_);
    size_ = 0;
    start_digest();
  }

  void append(std::span<const char> bytes) {
    meter_.moved(bytes.size());
    while (!bytes.empty()) {
      const ssize_t count = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_to_write(errno);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      size_ += static_cast<std::uint64_t>(count);
    }
    if (digest_) digest_->written_to(size_);
  }

  /// Whether the content is what it has to be. Once, when it is whole.
  bool verify() { return !digest_ || digest_->finish() == source_.hash; }

  void remove() { ::unlink(path_.c_str()); }

 private:
  void start_digest() {
    if (!source_.digest) return;
    digest_ = std::make_unique<TrailingDigest>(fd_, *source_.digest, source_.size_bytes);
    digest_->written_to(size_);
  }

  [[noreturn]] void fail_to_write(int cause) const {
    if (cause == ENOSPC || cause == EDQUOT || cause == EFBIG) {
      fail(
          "no space in '{}' for {} ({}, {} of it there): make room or set HF_HUB_CACHE to a larger disk, and "
          "it "
          "goes on from there",
          path_.parent_path().string(), shown(source_.subject), format_bytes(source_.size_bytes),
          format_bytes(size_));
    }
    fail("cannot write '{}': {}", path_.string(), std::strerror(cause));
  }

  std::filesystem::path path_;
  const BlobSource& source_;
  TransferMeter& meter_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::unique_ptr<TrailingDigest> digest_;
};

/// Where the content of a 206 answer begins ("bytes 100-199/200").
std::optional<std::uint64_t> range_start(const HttpResponse& head) {
  const std::string range = head.headers.get("Content-Range").value_or("");
  constexpr std::string_view unit = "bytes ";
  if (!range.starts_with(unit)) return std::nullopt;
  std::uint64_t start = 0;
  const auto [end, error] = std::from_chars(range.data() + unit.size(), range.data() + range.size(), start);
  return error == std::errc() ? std::optional(start) : std::nullopt;
}

class FileReceiver final : public BodyReceiver {
 public:
  FileReceiver(PartialFile& file, const BlobSource& source) : file_(file), source_(source) {}

  void begin(const HttpResponse& head) override {
    if (head.status == 206) {
      if (range_start(head) != file_.size_bytes()) {
        throw ConnectionError(without_secrets(head.url) + ": the answer is not the range that was asked for",
                              true);
      }
      return;
    }
    if (file_.size_bytes() > 0) file_.start_over();  // a server without ranges gives all of it again
  }

  void data(std::span<const char> bytes) override {
    if (bytes.size() > source_.size_bytes - file_.size_bytes()) {
      file_.start_over();
      throw ConnectionError(shown(source_.subject) + ": more came than the file has", true);
    }
    file_.append(bytes);
    received_ += bytes.size();
  }

  [[nodiscard]] std::uint64_t received_bytes() const { return received_; }

 private:
  PartialFile& file_;
  const BlobSource& source_;
  std::uint64_t received_ = 0;
};

[[noreturn]] void give_up(const std::string& why, const PartialFile& file, const BlobSource& source,
                          const Session& session) {
  fail_for_connection(fmt::format("{} ({} of {} are kept, the next attempt goes on from there)", why,
                                  format_bytes(file.size_bytes()), format_bytes(source.size_bytes)),
                      session, source.subject);
}

/// One request for what is missing. Gives what went wrong, or nothing.
struct Failure {
  std::string why;
  std::optional<std::chrono::seconds> asked_wait;
};
std::optional<Failure> fetch_rest(HttpClient& client, const BlobSource& source, PartialFile& file,
                                  FileReceiver& receiver) {
  HttpRequest request{.url = source.url};
  request.headers.add("Accept-Encoding", "identity");
  if (file.size_bytes() > 0) request.headers.add("Range", fmt::format("bytes={}-", file.size_bytes()));
  HttpResponse response;
  try {
    response = client.send_once(request, &receiver);
  } catch (const ConnectionError& error) {
    if (!error.may_pass()) give_up(error.what(), file, source, client.session());
    return Failure{error.what(), std::nullopt};
  }
  if (response.status == 416) {  // what is there is no part of what the server has
    file.start_over();
    return Failure{"the server has no such range", std::nullopt};
  }
  if (is_passing_status(response.status)) {
    return Failure{fmt::format("{} answered {}", without_secrets(response.url), response.status),
                   asked_wait(response.headers, std::chrono::system_clock::now())};
  }
  if (!response.ok()) {
    // A storage service's refusal (an expired signature) passes with a new redirect from the Hub.
    const bool from_hub = same_origin(response.url, client.session().endpoint);
    if (from_hub) fail_for_answer(response, client.session(), source.subject);
    return Failure{fmt::format("{} answered {}", without_secrets(response.url), response.status),
                   std::nullopt};
  }
  if (!file.whole()) return Failure{without_secrets(response.url) + ": the answer ended early", std::nullopt};
  return std::nullopt;
}

void fetch_all(HttpClient& client, const BlobSource& source, PartialFile& file) {
  const HttpOptions& options = client.session().options.http;
  // More than a transfer that counts as too slow would have brought.
  const auto progress_bytes =
      static_cast<std::uint64_t>(options.low_speed_bytes_per_second * options.low_speed_window.count());
  Retry retry(client.session());
  while (!file.whole()) {
    FileReceiver receiver(file, source);
    const auto failure = fetch_rest(client, source, file, receiver);
    if (!failure) return;
    if (receiver.received_bytes() > progress_bytes) retry.progressed();
    if (!retry.wait_for_next(failure->why, failure->asked_wait)) {
      give_up(failure->why, file, source, client.session());
    }
  }
}

}  // namespace

void download_blob(HttpClient& client, const BlobSource& source, const std::filesystem::path& path,
                   TransferMeter& meter) {
  PartialFile file(path, source, meter);
  constexpr int most_whole_downloads = 2;
  for (int attempt = 1;; ++attempt) {
    fetch_all(client, source, file);
    if (file.verify()) return;
    if (attempt == most_whole_downloads) break;
    client.session().warn(fmt::format("{}: its hash is wrong, so it is downloaded again from the start",
                                      shown(source.subject)));
    file.start_over();
  }
  file.remove();
  fail(
      "{} came with a wrong hash twice, and was thrown away: a proxy or a mirror changes it (HF_ENDPOINT is "
      "{})",
      shown(source.subject), client.session().endpoint);
}

}  // namespace bv2::hub
