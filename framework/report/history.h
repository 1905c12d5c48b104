// The runs of one scenario, one after another, with what changed.
#pragma once

#include <span>
#include <vector>

#include "framework/report/report_data.h"

namespace bv2 {

/// One result with the document that it is from.
struct FoundResult {
  const ScenarioResult* result = nullptr;
  const DocumentFile* file = nullptr;
};

/// Of results with the same physical key on one machine, oldest first. Each is compared with the last one
/// before it that has times, as `compare` does; all intervals of the history hold together with a confidence
/// of 95%.
std::vector<HistoryPoint> history_of(std::span<const FoundResult> results);

}  // namespace bv2
