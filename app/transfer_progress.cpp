// What is shown while files come from the Hub or go to it.
#include "app/transfer_progress.h"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <utility>

#include "app/progress.h"

namespace bv2::app {

TransferProgress::TransferProgress(Console& console, std::shared_ptr<spdlog::logger> log,
                                   std::function<std::int64_t()> now_ns)
    : console_(console), log_(std::move(log)), now_ns_(std::move(now_ns)), last_line_ns_(now_ns_()) {}

TransferProgress::~TransferProgress() { console_.status({}); }

void TransferProgress::show(const hub::TransferStatus& status) {
  if (console_.terminal()) {
    const double share = status.total_bytes == 0 ? 0
                                                 : static_cast<double>(status.done_bytes) /
                                                       static_cast<double>(status.total_bytes);
    // What does not fit is cut off: the name can be spared.
    console_.status(fmt::format("{} {}  {}", progress_bar(share), hub::format_amount(status), status.what));
    return;
  }
  constexpr std::int64_t quiet_ns = 10'000'000'000;
  if (now_ns_() - last_line_ns_ < quiet_ns) return;
  last_line_ns_ = now_ns_();
  log_->info("{}", hub::format_status(status));
}

}  // namespace bv2::app
