// How far a download or an upload is, and how that reads.
#include "framework/hub/transfer_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.h"

namespace bv2::hub {
namespace {

constexpr std::int64_t report_interval_ns = 100'000'000;
constexpr std::int64_t rate_window_ns = 5'000'000'000;

struct ByteUnit {
  double bytes;
  const char* name;
};
constexpr std::array<ByteUnit, 5> byte_units{{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "B"}}};

const ByteUnit& unit_for(std::uint64_t bytes) {
  const auto fits = [&](const ByteUnit& unit) { return static_cast<double>(bytes) >= unit.bytes; };
  const auto* unit = std::find_if(byte_units.begin(), byte_units.end(), fits);
  return unit == byte_units.end() ? byte_units.back() : *unit;
}

std::string in_unit(std::uint64_t bytes, const ByteUnit& unit) {
  return fmt::format("{:.{}f}", static_cast<double>(bytes) / unit.bytes, unit.bytes > 1 ? 1 : 0);
}

std::string format_seconds(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::ceil(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02} h", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  const ByteUnit& unit = unit_for(bytes);
  return in_unit(bytes, unit) + " " + unit.name;
}

std::string format_amount(const TransferStatus& status) {
  const ByteUnit& unit = unit_for(status.total_bytes);
  const std::uint64_t percent =
      status.total_bytes == 0 ? 100
                              : static_cast<std::uint64_t>(100.0 * static_cast<double>(status.done_bytes) /
                                                           static_cast<double>(status.total_bytes));
  std::string line = fmt::format("{}%, {} of {} {}", percent, in_unit(status.done_bytes, unit),
                                 in_unit(status.total_bytes, unit), unit.name);
  if (status.bytes_per_second > 0) {
    line += fmt::format(", {}/s", format_bytes(static_cast<std::uint64_t>(status.bytes_per_second)));
  }
  if (status.seconds_left) line += fmt::format(", {} left", format_seconds(*status.seconds_left));
  return line;
}

std::string format_status(const TransferStatus& status) { return status.what + ": " + format_amount(status); }

TransferMeter::TransferMeter(std::string what, Report report, Clock now_ns)
    : report_(std::move(report)), now_ns_(now_ns ? std::move(now_ns) : Clock(monotonic_now_ns)) {
  status_.what = std::move(what);
  last_report_ns_ = now_ns_() - report_interval_ns;
  samples_.push_back({now_ns_(), 0});
}

void TransferMeter::expect(std::int64_t files, std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  status_.total_files += files;
  status_.total_bytes += bytes;
  report_locked(false);
}

void TransferMeter::moved(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  status_.done_bytes += bytes;
  moved_bytes_ += bytes;
  report_locked(false);
}

void TransferMeter::had(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  status_.done_bytes += bytes;
  report_locked(false);
}

void TransferMeter::lost(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  status_.done_bytes -= std::min(bytes, status_.done_bytes);
}

void TransferMeter::file_done() {
  const std::scoped_lock lock(mutex_);
  ++status_.done_files;
  report_locked(status_.done_files == status_.total_files);
}

void TransferMeter::report_locked(bool always) {
  if (!report_) return;
  const std::int64_t now = now_ns_();
  if (!always && now - last_report_ns_ < report_interval_ns) return;
  last_report_ns_ = now;
  samples_.push_back({now, moved_bytes_});
  while (samples_.size() > 2 && now - samples_.front().at_ns > rate_window_ns) samples_.pop_front();
  const double seconds = static_cast<double>(now - samples_.front().at_ns) * 1e-9;
  const auto moved = static_cast<double>(moved_bytes_ - samples_.front().moved_bytes);
  status_.bytes_per_second = seconds > 0 ? moved / seconds : 0;
  status_.seconds_left.reset();
  if (status_.bytes_per_second > 0 && status_.total_bytes >= status_.done_bytes) {
    status_.seconds_left =
        static_cast<double>(status_.total_bytes - status_.done_bytes) / status_.bytes_per_second;
  }
  report_(status_);
}

}  // namespace bv2::hub
