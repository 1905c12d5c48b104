// JSON: files read with errors that name them.
#include "base/json.h"

#include <cmath>

#include "base/file.h"

namespace bv2 {

Json parse_json(std::string_view text, std::string_view source) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    fail("'{}' is not valid JSON (at byte {})", source, error.byte);
  }
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

void write_json(const std::filesystem::path& path, const Json& document) {
  // Invalid UTF-8 (half a character at the end of a generated text) is replaced, never a reason to lose a
  // result.
  write_file_atomically(path, document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace bv2
