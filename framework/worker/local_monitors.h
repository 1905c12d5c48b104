// The sampled monitors of a run, in this process.
#pragma once

#include <vector>

#include "framework/monitors/sampler.h"
#include "framework/worker/monitor_messages.h"
#include "framework/worker/worker.h"

namespace bv2 {

/// Answers what monitor_messages.h says. Each monitor has a thread of its own.
class LocalMonitors final : public Worker {
 public:
  Json ask_json(std::string_view request, const Json& body) override;
  OpenMonitorsRequest::Reply reply_to(const OpenMonitorsRequest& request);
  TakeSamplesRequest::Reply reply_to(const TakeSamplesRequest& request);

 private:
  std::vector<MonitorReport> reports_;
  struct Running {
    std::size_t report;  // in reports_
    Sampler sampler;
  };
  std::vector<Running> samplers_;
};

}  // namespace bv2
