// The files that one run left in its output folder.
#include "framework/hub/run_documents.h"

#include <algorithm>
#include <cctype>

#include "framework/hub/answer_json.h"

namespace bv2::hub {
namespace fs = std::filesystem;

namespace {

struct Summary {
  fs::path path;
  Json json;
  std::string timestamp;
  std::string uuid;
};

bool is_date(const std::string& text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  if (text.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return false;
  }
  return true;
}

std::string metadata_text(const Json& json, const char* field, const fs::path& path) {
  const Json& value = at(json, std::string("/run_metadata/") + field);
  if (!value.is_string()) fail("'{}' is no summary of a run: run_metadata has no {}", path.string(), field);
  return value;
}

Summary read_summary(const fs::path& path) {
  Summary summary{path, read_json(path), "", ""};
  if (!summary.json.is_object()) fail("'{}' is no summary of a run: it is no object", path.string());
  summary.timestamp = metadata_text(summary.json, "timestamp", path);
  summary.uuid = metadata_text(summary.json, "benchmark_run_uuid", path);
  if (!is_date(summary.timestamp)) {
    fail("'{}': the timestamp '{}' does not begin with a date", path.string(), summary.timestamp);
  }
  return summary;
}

Summary newest_summary(const fs::path& output_dir) {
  std::error_code error;
  std::optional<Summary> newest;
  for (auto entry = fs::directory_iterator(output_dir, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("benchmark_summary_") || !name.ends_with(".json")) continue;
    Summary summary = read_summary(entry->path());
    if (!newest || summary.timestamp > newest->timestamp) newest = std::move(summary);
  }
  if (error) fail("cannot read the folder '{}': {}", output_dir.string(), error.message());
  if (!newest) {
    fail("'{}' has no results to upload: there is no benchmark_summary_*.json in it", output_dir.string());
  }
  return *newest;
}

/// `path` as OUTPUT_DIR/..., or nothing where it is no file below the output folder, also by way of links.
std::optional<fs::path> inside(const fs::path& output_dir, const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  const fs::path relative = fs::canonical(path).lexically_relative(fs::canonical(output_dir));
  if (relative.empty() || *relative.begin() == "..") return std::nullopt;
  return output_dir / relative;
}

/// A document as the summary names it: from where the run was started, or from the output folder, which may
/// have moved since.
fs::path locate(const std::string& name, const fs::path& output_dir, const fs::path& summary) {
  const fs::path named(name);
  const fs::path in_model_folder = output_dir / named.parent_path().filename() / named.filename();
  for (const fs::path& candidate : {named, output_dir / named, in_model_folder}) {
    if (auto found = inside(output_dir, candidate)) return *found;
  }
  fail("'{}' names the document '{}', which is not in '{}'", summary.string(), name, output_dir.string());
}

}  // namespace

RunDocuments find_run(const fs::path& output_dir, const std::optional<fs::path>& summary_path) {
  std::error_code error;
  if (!fs::is_directory(output_dir, error)) fail("'{}' is no folder of results", output_dir.string());
  const Summary summary = summary_path ? read_summary(*summary_path) : newest_summary(output_dir);
  const auto summary_inside = inside(output_dir, summary.path);
  if (!summary_inside) fail("the summary '{}' is not in '{}'", summary.path.string(), output_dir.string());
  RunDocuments run{{summary.uuid, summary.timestamp.substr(0, 10)}, output_dir, *summary_inside, {}};
  const Json& results = at(summary.json, "/benchmark_results");
  if (!results.is_object()) fail("'{}': benchmark_results is no object", summary.path.string());
  for (const auto& [benchmark, document] : results.items()) {
    if (document.is_null()) continue;  // it failed before it had anything to write
    if (!document.is_string())
      fail("'{}': the document of '{}' is no path", summary.path.string(), benchmark);
    run.documents.push_back(locate(document.get<std::string>(), output_dir, summary.path));
  }
  std::sort(run.documents.begin(), run.documents.end());
  run.documents.erase(std::unique(run.documents.begin(), run.documents.end()), run.documents.end());
  return run;
}

}  // namespace bv2::hub
