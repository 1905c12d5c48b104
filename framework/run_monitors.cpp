// The monitors of a run that sample beside what it measures.
#include "framework/run_monitors.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/cpu_topology.h"
#include "base/interrupt.h"
#include "framework/energy.h"

namespace bv2 {
namespace {

constexpr std::int64_t idle_ns = 500'000'000;

}  // namespace

void RunMonitors::start() {
  const auto wanted = [&](const MonitorKind& monitor) {
    return monitor.sample_period_ns > 0 && contains(setting_.open.monitors, monitor.name);
  };
  if (std::ranges::none_of(monitor_table(), wanted)) return;
  guarded([&] {
    worker_ = setting_.new_worker();
    OpenMonitorsRequest::Reply reply = worker_->ask(setting_.open);
    reports_ = std::move(reply.monitors);
    devices_ = std::move(reply.devices);
  });
  const bool any = std::ranges::any_of(
      reports_, [](const MonitorReport& report) { return report.status == MonitorStatus::on; });
  if (!any) worker_.reset();
}

void RunMonitors::measure_idle() {
  const bool counts_energy = std::ranges::any_of(reports_, [](const MonitorReport& report) {
    return report.status == MonitorStatus::on && report.monitor == "energy";
  });
  if (!worker_ || !(counts_energy || !devices_.empty())) return;
  const std::int64_t start_ns = monotonic_now_ns();
  std::this_thread::sleep_for(std::chrono::nanoseconds(idle_ns));
  const std::int64_t end_ns = monotonic_now_ns();
  for (const EnergySeries& series : energy_series(samples(start_ns, end_ns))) {
    // The first sample may be younger than the begin.
    if (series.time_ns.size() < 2) continue;
    const double seconds = static_cast<double>(series.time_ns.back() - series.time_ns.front()) * 1e-9;
    const double joules = series.joules.back() - series.joules.front();
    if (seconds > 0) idle_watts_.emplace_back(series.domain, joules / seconds);
  }
}

std::vector<MonitorSamples> RunMonitors::samples(std::int64_t from_ns, std::int64_t to_ns) {
  std::vector<MonitorSamples> samples;
  guarded([&] {
    if (!worker_) return;
    TakeSamplesRequest::Reply reply = worker_->ask(TakeSamplesRequest{.from_ns = from_ns, .to_ns = to_ns});
    samples = std::move(reply.samples);
    reports_ = std::move(reply.monitors);
  });
  return samples;
}

std::optional<int> RunMonitors::cpu() const {
  if (!worker_ || !setting_.open.cpu) return std::nullopt;
  return static_cast<int>(*setting_.open.cpu);
}

void RunMonitors::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    worker_.reset();
    for (const MonitorKind& monitor : monitor_table()) {
      if (monitor.sample_period_ns == 0 || !contains(setting_.open.monitors, monitor.name)) continue;
      auto found = std::ranges::find(reports_, monitor.name, &MonitorReport::monitor);
      if (found == reports_.end()) {
        reports_.push_back({.monitor = std::string(monitor.name), .status = MonitorStatus::on});
        found = reports_.end() - 1;
      }
      MonitorReport& report = *found;
      if (report.status != MonitorStatus::on) continue;
      report.status = MonitorStatus::failed;
      report.reason.emplace(error.what());
    }
    setting_.problem(std::string("the monitors that sample were lost: ") + error.what());
  } catch (const Interrupted&) {
    worker_.reset();  // whoever measures ends the run, with what it has
  }
}

std::vector<MonitorReport> joined(const std::vector<MonitorReport>& at_edges,
                                  const std::vector<MonitorReport>& sampled) {
  std::vector<MonitorReport> reports;
  for (const MonitorKind& monitor : monitor_table()) {
    MonitorReport report{.monitor = std::string(monitor.name)};
    for (const auto* list : {&sampled, &at_edges}) {
      const auto found = std::ranges::find(*list, monitor.name, &MonitorReport::monitor);
      if (found == list->end()) continue;
      // What samples is what results are computed from: its status counts where both have one.
      if (report.status == MonitorStatus::off) {
        report.status = found->status;
        report.reason = found->reason;
      }
      if (found->edges_ns) report.edges_ns = found->edges_ns;
      if (found->sample_ns) report.sample_ns = found->sample_ns;
      if (found->sample_period_ns) report.sample_period_ns = found->sample_period_ns;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

std::optional<int> spare_cpu(std::int64_t threads) {
  const std::vector<int> cpus = allowed_cpus();
  if (threads <= 0 || threads >= physical_core_count() || cpus.empty()) return std::nullopt;
  return cpus.back();
}

}  // namespace bv2
