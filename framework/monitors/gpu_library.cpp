// What the vendors' libraries have in common.
#include "framework/monitors/gpu_library.h"

#include <cmath>

namespace bv2 {

void GpuReading::clear() {
  values_.fill(not_read);
  for (std::string& problem : problems_) problem.clear();
  for_good_.fill(false);
}

void GpuReading::set(GpuCounter counter, double value, double scale) {
  const double scaled = value * scale;
  const double most = static_cast<double>(gpu_counters[index(counter)].most);
  const double least = counter == GpuCounter::temperature ? -most : 0;
  if (!(scaled >= least && scaled <= most)) return fail(counter, fmt::format("the driver says {}", value));
  values_[index(counter)] = std::llround(scaled);
}

void GpuReading::fail(GpuCounter counter, std::string why, bool for_good) {
  problems_[index(counter)] = std::move(why);
  for_good_[index(counter)] = for_good;
}

std::optional<double> AverageRate::since_last(double total, std::int64_t now_ns) {
  std::optional<double> rate;
  if (total_ && now_ns > time_ns_ && total >= *total_) {
    rate = (total - *total_) / static_cast<double>(now_ns - time_ns_);
  }
  total_ = total;
  time_ns_ = now_ns;
  return rate;
}

}  // namespace bv2
