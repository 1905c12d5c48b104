// Holds documents against the JSON Schemas of the project.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace bv2::test {

/// What is wrong with a JSON file by the schema of that name in schemas/, one fault a line; empty if nothing is.
std::string schema_faults(const std::filesystem::path& document, std::string_view schema_name);
/// The same for the text of a document.
std::string schema_faults_of_text(std::string_view text, std::string_view schema_name);

}  // namespace bv2::test
