// The prelude of generated code.
#include "engine/compiled/code_text.h"

#include <array>

#include "engine/compiled/prelude_files.h"

namespace bv2::engine::compiled {
namespace {

/// Without what only a header needs: the parts stand in one file.
std::string without_header_lines(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    if (!line.starts_with("#pragma once") && !line.starts_with("#include \"engine/")) kept += line;
  }
  return kept;
}

}  // namespace

std::string prelude_text() {
  std::string text;
  for (const std::string_view part : {prelude_files::abi, prelude_files::team, prelude_files::vectors,
                                      prelude_files::math, prelude_files::products})
    text += without_header_lines(part) + "\n";
  return text;
}

}  // namespace bv2::engine::compiled
