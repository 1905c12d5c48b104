// Time per token over the context, as a chart can show it.
#pragma once

#include <optional>

#include "framework/report/report_data.h"

namespace bv2 {

/// Of a scenario's iterations that count; nothing where no iteration has a second token.
std::optional<ReportTokens> token_bins(const ScenarioResult& scenario);

}  // namespace bv2
