// Independent pieces of work over a few connections.
#include "framework/hub/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace bv2::hub {

void for_each_parallel(const Session& session, std::size_t count,
                       const std::function<void(HttpClient& client, std::size_t index)>& work) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::exception_ptr first_failure;

  const auto run = [&] {
    try {
      HttpClient client(session, [&] { return failed.load(); });
      while (!failed) {
        const std::size_t index = next++;
        if (index >= count) return;
        work(client, index);
      }
    } catch (...) {
      // Those that the failure stopped come later with Interrupted, which is not kept.
      const std::scoped_lock lock(mutex);
      if (!failed.exchange(true)) first_failure = std::current_exception();
    }
  };

  const auto limit = static_cast<std::size_t>(std::max(1, session.options.parallel_transfers));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < std::min(limit, count); ++i) threads.emplace_back(run);
  if (count > 0) run();
  threads.clear();  // joins
  if (first_failure) std::rethrow_exception(first_failure);
}

}  // namespace bv2::hub
