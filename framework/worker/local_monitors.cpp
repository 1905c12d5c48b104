// The sampled monitors of a run, in this process.
#include "framework/worker/local_monitors.h"

namespace bv2 {

Json LocalMonitors::ask_json(std::string_view request, const Json& body) {
  const auto answer = [&](auto asked) {
    from_json_value(body, asked, request);
    return to_json(reply_to(asked));
  };
  if (request == OpenMonitorsRequest::name) return answer(OpenMonitorsRequest{});
  if (request == TakeSamplesRequest::name) return answer(TakeSamplesRequest{});
  fail("the monitors were asked for '{}', which they do not know", request);
}

OpenMonitorsRequest::Reply LocalMonitors::reply_to(const OpenMonitorsRequest& request) {
  MonitoredSystem system = MonitoredSystem::of_this_process();
  system.root = request.system_root;
  system.device_libraries = request.device_libraries;
  OpenMonitorsRequest::Reply reply;
  samplers_.clear();
  reports_.clear();
  for (const MonitorKind& monitor : monitor_table()) {
    if (monitor.sample_period_ns == 0) continue;
    MonitorReport& report = reports_.emplace_back(MonitorReport{.monitor = std::string(monitor.name)});
    if (!contains(request.monitors, monitor.name)) continue;
    auto source = monitor.make(system);
    if (source->counters().empty()) {
      report.status = MonitorStatus::unavailable;
      report.reason.emplace(source->unavailable_reason());
      continue;
    }
    report.status = MonitorStatus::on;
    report.sample_period_ns = static_cast<double>(monitor.sample_period_ns);
    for (MonitoredDevice& device : source->devices()) reply.devices.push_back(std::move(device));
    SamplerOptions options{.monitor = std::string(monitor.name), .period_ns = monitor.sample_period_ns};
    if (request.cpu) options.cpu = static_cast<int>(*request.cpu);
    samplers_.push_back({reports_.size() - 1, Sampler(std::move(source), std::move(options))});
  }
  reply.monitors = reports_;
  return reply;
}

TakeSamplesRequest::Reply LocalMonitors::reply_to(const TakeSamplesRequest& request) {
  TakeSamplesRequest::Reply reply;
  for (Running& running : samplers_) {
    reply.samples.push_back(running.sampler.take(request.from_ns, request.to_ns));
    reports_[running.report].sample_ns = running.sampler.sample_ns();
  }
  reply.monitors = reports_;
  return reply;
}

}  // namespace bv2
