// Reads a monitor again and again, beside what is measured.
#include "framework/monitors/sampler.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace bv2 {
namespace {

constexpr std::chrono::seconds patience_at_end{1};

std::optional<std::int64_t> time_ns(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return std::nullopt;
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void stay_on(int cpu) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<std::size_t>(cpu), &cpus);
  ::sched_setaffinity(0, sizeof cpus, &cpus);  // without it samples are as right, and disturb more
}

struct Sample {
  std::int64_t time_ns = 0;
  std::vector<std::int64_t> values;
};

}  // namespace

/// Shared with the thread, which may outlive the sampler when a driver does not return.
struct Sampler::State {
  std::unique_ptr<CounterSource> source;  // the thread's alone, once it runs
  SamplerOptions options;
  std::vector<Counter> counters;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Sample> samples;
  std::vector<std::string> problems;
  clockid_t cpu_clock{};  // of the thread, to be read by others: it does nothing but sample
  std::optional<std::int64_t> first_cpu_ns;  // after its first sample, which warms up
  std::int64_t samples_after_first = 0;
  std::int64_t period_ns = 0;
  std::uint64_t wanted = 0;  // samples that somebody waits for
  std::uint64_t taken = 0;
  bool stop = false;
  bool ended = false;

  void run() {
    if (options.cpu) stay_on(*options.cpu);
    ::pthread_getcpuclockid(::pthread_self(), &cpu_clock);
    std::int64_t next_ns = monotonic_now_ns();
    while (true) {
      std::uint64_t serves = 0;
      {
        std::unique_lock lock(mutex);
        const auto due = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(next_ns));
        changed.wait_until(lock, due, [&] { return stop || wanted > taken; });
        if (stop) break;
        serves = wanted;
      }
      sample(serves);
      const std::scoped_lock lock(mutex);
      const std::int64_t now_ns = monotonic_now_ns();
      if (next_ns <= now_ns) next_ns += (1 + (now_ns - next_ns) / period_ns) * period_ns;
    }
    const std::scoped_lock lock(mutex);
    ended = true;
    changed.notify_all();
  }

  void sample(std::uint64_t serves) {
    Sample sample{.time_ns = 0, .values = std::vector<std::int64_t>(counters.size(), not_read)};
    const std::int64_t start_ns = monotonic_now_ns();
    source->read(sample.values);
    sample.time_ns = start_ns + (monotonic_now_ns() - start_ns) / 2;
    const std::scoped_lock lock(mutex);
    const auto found = source->problems();
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i].empty()) problems[i] = found[i];
    }
    samples.push_back(std::move(sample));
    if (samples.size() > options.most_samples) thin();
    taken = serves;
    if (first_cpu_ns) {
      ++samples_after_first;
    } else {
      first_cpu_ns = time_ns(cpu_clock);
    }
    changed.notify_all();
  }

  void thin() {
    std::deque<Sample> kept;
    for (std::size_t i = 0; i < samples.size(); i += 2) kept.push_back(std::move(samples[i]));
    samples = std::move(kept);
    period_ns *= 2;
  }

  /// The samples to tell of, under the lock.
  void forget_before(std::int64_t from_ns) {
    while (samples.size() > 1 && samples[1].time_ns <= from_ns) samples.pop_front();
    period_ns = options.period_ns;
  }
};

Sampler::Sampler(std::unique_ptr<CounterSource> source, SamplerOptions options)
    : state_(std::make_shared<State>()) {
  state_->counters = source->counters();
  state_->problems.resize(state_->counters.size());
  state_->source = std::move(source);
  state_->period_ns = options.period_ns;
  state_->options = std::move(options);
  std::thread([state = state_] { state->run(); }).detach();
}

Sampler::~Sampler() {
  if (!state_) return;
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, patience_at_end, [&] { return state_->ended; });
}

MonitorSamples Sampler::take(std::int64_t from_ns, std::int64_t to_ns, std::int64_t patience_ns) {
  std::unique_lock lock(state_->mutex);
  const std::uint64_t mine = ++state_->wanted;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, std::chrono::nanoseconds(patience_ns),
                           [&] { return state_->taken >= mine; });
  state_->forget_before(from_ns);
  MonitorSamples taken{.monitor = state_->options.monitor, .time_ns = {}, .series = {}};
  for (const Counter& counter : state_->counters) {
    SampleSeries& series = taken.series.emplace_back(SampleSeries{.name = std::string(counter.name)});
    if (!counter.device.empty()) series.device.emplace(counter.device);
  }
  for (const Sample& sample : state_->samples) {
    taken.time_ns.push_back(sample.time_ns);
    for (std::size_t i = 0; i < sample.values.size(); ++i) {
      const std::int64_t value = sample.values[i];
      taken.series[i].values.push_back(value == not_read ? std::nullopt : std::optional(value));
    }
    if (sample.time_ns > to_ns) break;
  }
  for (std::size_t i = 0; i < state_->problems.size(); ++i) {
    if (!state_->problems[i].empty()) taken.series[i].problem.emplace(std::exchange(state_->problems[i], {}));
  }
  return taken;
}

std::optional<double> Sampler::sample_ns() const {
  const std::scoped_lock lock(state_->mutex);
  if (!state_->first_cpu_ns || state_->samples_after_first == 0) return std::nullopt;
  const auto now_ns = time_ns(state_->cpu_clock);
  if (!now_ns) return std::nullopt;
  return static_cast<double>(*now_ns - *state_->first_cpu_ns) /
         static_cast<double>(state_->samples_after_first);
}

const SamplerOptions& Sampler::options() const { return state_->options; }

}  // namespace bv2
