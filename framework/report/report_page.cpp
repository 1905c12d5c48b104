// The page of a report.
#include "framework/report/report_page.h"

#include <array>

#include "framework/report/page_files.h"  // made by cmake/ReportPage.cmake

namespace bv2 {
namespace {

/// A place in the template and what stands there.
struct Slot {
  std::string_view mark;
  std::string_view content;
};

}  // namespace

std::string script_json(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    if (c == '<') {
      safe += "\\u003c";  // only strings have it
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string report_page(const ReportData& data) {
  const std::string json = script_json(to_json(data));
  const std::array slots{Slot{"{{style}}", page_files::style}, Slot{"{{library}}", page_files::library},
                         Slot{"{{scripts}}", page_files::scripts}, Slot{"{{data}}", json}};
  std::string page;
  std::string_view rest = page_files::html;
  // In the order of the template: what was put in is not looked at again.
  for (const Slot& slot : slots) {
    const std::size_t at = rest.find(slot.mark);
    page += rest.substr(0, at);
    page += slot.content;
    rest.remove_prefix(at + slot.mark.size());
  }
  page += rest;
  return page;
}

}  // namespace bv2
