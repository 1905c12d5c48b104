// The page of a report: whole, in itself, and with nothing of a document as markup.
#include "framework/report/report_page.h"

#include <gmock/gmock.h>

#include "support/made_documents.h"

namespace bv2 {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view data_begin = R"(<script type="application/json" id="report-data">)";

/// The JSON of a page.
Json data_of(const std::string& page) {
  const std::size_t begin = page.find(data_begin) + data_begin.size();
  return parse_json(page.substr(begin, page.find("</script>", begin) - begin), "output");
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(ReportPage, HasItsDataAndAllThatDrawsIt) {
  const std::vector<DocumentFile> files{{"d.json", test::made_document({})}};
  const ReportData data = report_data(files);
  const std::string page = report_page(data);
  EXPECT_EQ(data_of(page), to_json(data));
  EXPECT_THAT(page, HasSubstr("// https://d3js.org v"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
  EXPECT_EQ(count_of(page, "</script>"), 3U);
  EXPECT_EQ(count_of(page, " src="), 0U);
}

TEST(ReportPage, TextsOfDocumentsCannotEndTheirScript) {
  const std::string hostile = "</script><img src=x onerror=alert(1)><!-- <script>{{data}} \xff & \u2028";
  std::vector<DocumentFile> files{{"d.json", test::made_document({})}};
  files[0].document.model_name = hostile;
  files[0].document.benchmark_scenarios[0].scenario_name = hostile;
  files[0].document.benchmark_scenarios[0].metadata.effective["note"] = hostile;
  const std::string page = report_page(report_data(files));
  EXPECT_EQ(count_of(page, "</script>"), 3U);
  EXPECT_EQ(count_of(page, "<img"), 0U);
  EXPECT_EQ(count_of(page, "<!--"), 0U);
  const std::string model = data_of(page)["workloads"][0]["model"].get<std::string>();
  EXPECT_THAT(model, HasSubstr("</script><img src=x onerror=alert(1)><!-- <script>{{data}} "));
}

TEST(ScriptJson, IsTheSameValue) {
  const Json value{{"<a>", "</script>"}, {"b", {1, 2.5, nullptr, "&<"}}};
  const std::string text = script_json(value);
  EXPECT_THAT(text, Not(HasSubstr("<")));
  EXPECT_EQ(parse_json(text, "output"), value);
}

}  // namespace
}  // namespace bv2
