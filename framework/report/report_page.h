// The page of a report: its data in one file with all that draws it.
#pragma once

#include <string>
#include <string_view>

#include "framework/report/report_data.h"

namespace bv2 {

/// HTML that asks for nothing else: style, scripts and the chart library are inside. What documents say is
/// data: it is in a script element of type application/json, and the page only ever shows it as text.
std::string report_page(const ReportData& data);

/// JSON as it may stand in a script element: no "<" is left that could end it or begin a comment.
std::string script_json(const Json& json);

}  // namespace bv2
