// Downloads over loopback, ours beside curl's of the same file: rate, and memory against the file's size.
// Not a micro-benchmark: each download is a process of its own, so that its peak of memory is its own.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/median.h"
#include "framework/hub/blob_download.h"

namespace {

namespace fs = std::filesystem;
using bv2::DigestKind;

/// Gives one file to whoever asks, with as little work as there can be: both clients have the same server.
class FileServer {
 public:
  explicit FileServer(const fs::path& file)
      : file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), size_(fs::file_size(file)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    const bool listens = ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                         ::listen(listener_, 16) == 0 &&
                         ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    if (!listens) bv2::fail("no server: {}", std::strerror(errno));
    url = fmt::format("http://127.0.0.1:{}/file", ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~FileServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    ::close(file_);
  }
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  std::string url;

 private:
  void serve() const {
    for (int client = ::accept(listener_, nullptr, nullptr); client >= 0;
         client = ::accept(listener_, nullptr, nullptr)) {
      std::string request;
      std::array<char, 4096> buffer{};
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::read(client, buffer.data(), buffer.size());
        if (count <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(count));
      }
      const std::string head =
          fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", size_);
      off_t offset = 0;
      if (::send(client, head.data(), head.size(), MSG_NOSIGNAL) > 0) {
        while (offset < static_cast<off_t>(size_) &&
               ::sendfile(client, file_, &offset, size_ - static_cast<std::size_t>(offset)) > 0) {
        }
      }
      ::close(client);
    }
  }

  int file_;
  std::size_t size_;
  int listener_ = -1;
  std::thread thread_;
};

struct Cost {
  double seconds = 0;
  double peak_mib = 0;
};

Cost cost_of(std::vector<std::string> command) {
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::int64_t start_ns = bv2::monotonic_now_ns();
  pid_t child = 0;
  if (::posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    bv2::fail("cannot start {}", command[0]);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  if (status != 0) bv2::fail("{} failed", command[0]);
  return {static_cast<double>(bv2::monotonic_now_ns() - start_ns) * 1e-9,
          static_cast<double>(usage.ru_maxrss) / 1024};
}

/// Gives the file's SHA-256. The whole content is never in memory: a child's peak begins with its parent's.
std::string write_random_file(const fs::path& path, std::size_t size_bytes) {
  std::ofstream file(path, std::ios::binary);
  bv2::Digest digest(DigestKind::sha256, size_bytes);
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> block(1U << 17U);
  for (std::size_t written = 0; written < size_bytes; written += block.size() * sizeof(block[0])) {
    std::ranges::generate(block, random);
    const std::size_t count = std::min(block.size() * sizeof(block[0]), size_bytes - written);
    const std::span<const char> bytes(reinterpret_cast<const char*>(block.data()), count);
    file.write(bytes.data(), static_cast<std::streamsize>(count));
    digest.update(bytes);
  }
  return digest.hex();
}

/// What a child process does.
int download(const std::string& url, std::uint64_t size_bytes, const std::string& hash,
             const fs::path& target) {
  bv2::hub::HubOptions options;
  options.environment = bv2::hub::Environment([&](const std::string& name) -> std::optional<std::string> {
    return name == "HF_ENDPOINT" ? std::optional(url.substr(0, url.rfind('/'))) : std::nullopt;
  });
  const bv2::hub::Session session(options);
  bv2::hub::HttpClient client(session);
  bv2::hub::TransferMeter meter("x", {});
  // Assigned one by one: GCC 12 at -O3 warns of uninitialized strings where the braces hold them all.
  bv2::hub::BlobSource blob;
  blob.url = url;
  blob.size_bytes = size_bytes;
  blob.digest = DigestKind::sha256;
  blob.hash = hash;
  bv2::hub::download_blob(client, blob, target, meter);
  return 0;
}

void compare(const std::string& program, const fs::path& folder, std::size_t mib) {
  constexpr int rounds = 7;
  const std::size_t size_bytes = mib << 20U;
  const fs::path source = folder / "source";
  const fs::path target = folder / "target";
  const std::string hash = write_random_file(source, size_bytes);
  const FileServer server(source);
  std::vector<double> ours;
  std::vector<double> curls;
  std::vector<double> peaks;
  for (int round = 0; round < rounds; ++round) {
    fs::remove(target);
    const Cost own = cost_of({program, "--download", server.url, std::to_string(size_bytes), hash, target});
    ours.push_back(own.seconds);
    peaks.push_back(own.peak_mib);
    fs::remove(target);
    curls.push_back(cost_of({"curl", "-sS", "-o", target, server.url}).seconds);
  }
  fs::remove(target);
  fs::remove(source);
  const auto rate = static_cast<double>(mib);
  fmt::print(
      "{:5} MiB: ours {:6.0f} MiB/s with its SHA-256, curl {:6.0f} MiB/s without, {:3.0f}%; peak {:.1f} "
      "MiB\n",
      mib, rate / bv2::median(ours), rate / bv2::median(curls), 100 * bv2::median(curls) / bv2::median(ours),
      *std::ranges::max_element(peaks));
}

}  // namespace

/// hub_download_perf [FOLDER]: where the files go, /dev/shm unless told otherwise.
int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.size() == 5 && arguments[0] == "--download") {
      return download(arguments[1], std::stoull(arguments[2]), arguments[3], arguments[4]);
    }
    const fs::path folder =
        fs::path(arguments.empty() ? "/dev/shm" : arguments[0]) / fmt::format("hub_perf_{}", ::getpid());
    fs::create_directories(folder);
    for (const std::size_t mib : {64U, 256U, 1024U}) compare(argv[0], folder, mib);
    fs::remove_all(folder);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
