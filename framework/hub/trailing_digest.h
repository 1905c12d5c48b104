// The hash of a file that is still growing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "base/digest.h"

namespace bv2::hub {

/// Hashes a file on a thread of its own while another writes it, so that a download is not slowed by half.
/// It reads the file back, and so says what is on the disk, including what an earlier download left there.
/// Memory: one buffer.
class TrailingDigest {
 public:
  /// `fd` is of the file, open for reading, and must outlive this.
  TrailingDigest(int fd, DigestKind kind, std::uint64_t size_bytes);
  ~TrailingDigest();
  TrailingDigest(const TrailingDigest&) = delete;
  TrailingDigest& operator=(const TrailingDigest&) = delete;

  /// The file is written up to here, and that part changes no more.
  void written_to(std::uint64_t offset);
  /// Waits until the whole file is hashed. Once. Throws Error when the file cannot be read.
  std::string finish();

 private:
  void run();
  void hash_up_to(std::uint64_t end);

  int fd_;
  std::uint64_t size_bytes_;
  Digest digest_;
  std::uint64_t hashed_ = 0;
  std::string buffer_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t written_ = 0;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::thread thread_;  ///< none as long as little is written
};

}  // namespace bv2::hub
