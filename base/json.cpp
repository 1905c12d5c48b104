// JSON: files read with errors that name them.
#include "base/json.h"

#include <algorithm>

#include "base/file.h"

namespace bv2 {
namespace {

// Copying, comparing and printing a document recurse; no document that we read nests deeper.
constexpr int max_nesting = 100;

/// The deepest nesting of brackets outside of strings.
int nesting(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char c = text[index];
    if (in_string) {
      if (c == '\\') ++index;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view source) {
  if (nesting(text) > max_nesting) {
    fail("'{}' is not usable JSON (nested deeper than {} levels)", source, max_nesting);
  }
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    fail("'{}' is not valid JSON (at byte {})", source, error.byte);
  } catch (const nlohmann::json::out_of_range&) {
    fail("'{}' is not usable JSON (a number in it is too large)", source);
  }
}

Json read_json(const std::filesystem::path& path) { return parse_json(read_file(path), path.string()); }

void write_json(const std::filesystem::path& path, const Json& document) {
  // Invalid UTF-8 (half a character at the end of a generated text) is replaced, never a reason to lose a
  // result.
  write_file_atomically(path, document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace bv2
