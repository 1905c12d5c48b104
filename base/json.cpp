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

// Invalid UTF-8 (half a character at the end of a generated text) is replaced, never a reason to lose a
// result.
std::string one_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

void write_indented(const Json& value, std::size_t depth, std::string& out);

/// The members of an object or array, each on a line of its own; `write_member` writes one.
template <class Range, class WriteMember>
void write_members(const Range& members, std::string_view brackets, std::size_t depth, std::string& out,
                   WriteMember&& write_member) {
  out += brackets[0];
  bool first = true;
  for (const auto& member : members) {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(2 * (depth + 1), ' ');
    write_member(member);
  }
  out += '\n';
  out.append(2 * depth, ' ');
  out += brackets[1];
}

/// An array of numbers or texts stays on one line: series of time stamps are long.
void write_indented(const Json& value, std::size_t depth, std::string& out) {
  const bool flat =
      value.empty() || !value.is_structured() ||
      (value.is_array() && std::ranges::none_of(value, [](const Json& v) { return v.is_structured(); }));
  if (flat) {
    out += one_line(value);
  } else if (value.is_array()) {
    write_members(value, "[]", depth, out,
                  [&](const Json& element) { write_indented(element, depth + 1, out); });
  } else {
    write_members(value.items(), "{}", depth, out, [&](const auto& member) {
      out += one_line(Json(member.key())) + ": ";
      write_indented(member.value(), depth + 1, out);
    });
  }
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

std::string json_text(const Json& document) {
  std::string text;
  write_indented(document, 0, text);
  return text + "\n";
}

void write_json(const std::filesystem::path& path, const Json& document) {
  write_file_atomically(path, json_text(document));
}

}  // namespace bv2
