// How far a download or an upload is, and how that reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace bv2::hub {

struct TransferStatus {
  std::string what;  ///< "downloading org/name"
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
  std::int64_t done_files = 0;
  std::int64_t total_files = 0;
  double bytes_per_second = 0;  ///< over the last seconds
  std::optional<double> seconds_left;
};

/// "45%, 120.3 of 269.1 MB, 35.2 MB/s, 4 s left"
std::string format_amount(const TransferStatus& status);
/// "downloading org/name: 45%, 120.3 of 269.1 MB, 35.2 MB/s, 4 s left"
std::string format_status(const TransferStatus& status);
/// "269.1 MB": powers of 1000, as the Hub's pages show sizes.
std::string format_bytes(std::uint64_t bytes);

/// Adds up what parallel transfers do and reports it at most ten times a second. Thread-safe.
class TransferMeter {
 public:
  using Report = std::function<void(const TransferStatus& status)>;
  using Clock = std::function<std::int64_t()>;

  /// `now_ns` is the clock of base/clock.h unless a test gives its own; `report` may be empty.
  TransferMeter(std::string what, Report report, Clock now_ns = {});

  void expect(std::int64_t files, std::uint64_t bytes);
  /// Bytes that moved now.
  void moved(std::uint64_t bytes);
  /// Bytes that were there already: they count as done and not for the rate.
  void had(std::uint64_t bytes);
  /// Bytes that have to be moved again.
  void lost(std::uint64_t bytes);
  void file_done();

 private:
  struct Sample {
    std::int64_t at_ns;
    std::uint64_t moved_bytes;
  };
  void report_locked(bool always);

  std::mutex mutex_;
  TransferStatus status_;
  Report report_;
  Clock now_ns_;
  std::uint64_t moved_bytes_ = 0;
  std::int64_t last_report_ns_;
  std::deque<Sample> samples_;  ///< of the last seconds
};

}  // namespace bv2::hub
