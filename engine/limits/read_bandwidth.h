// How fast this machine reads memory: the limit of everything that streams weights.
#pragma once

#include <cstdint>
#include <string>

namespace bv2::engine {

/// The best that was found.
struct MeasuredBandwidth {
  double bytes_per_second = 0;
  std::string pattern;  ///< how it was read: "2 streams, prefetch, huge pages"
};

/// Reads `working_set_bytes`, shared out among `threads` threads, again and again for about `seconds`, in
/// turns over several access patterns (1, 2 or 4 streams a thread, with and without prefetching, on plain and
/// on huge pages), and gives the fastest pass. A pass is sized by the processor time that its threads work (1
/// ms at least), and where other programs take the processors it goes on, for up to three times as long,
/// until each pattern had an undisturbed one. Sets the number of OpenMP's threads. Throws Error when there is
/// no memory for it.
MeasuredBandwidth measure_read_bandwidth(std::int64_t working_set_bytes, std::int64_t threads,
                                         double seconds);

}  // namespace bv2::engine
