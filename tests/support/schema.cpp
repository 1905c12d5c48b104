// Holds documents against the JSON Schemas of the project.
#include "support/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/file.h"
#include "support/data.h"

namespace bv2::test {

std::string schema_faults_of_text(std::string_view text, std::string_view schema_name) {
  const std::filesystem::path folder = data_dir() / "../../schemas";
  const auto schema_json = nlohmann::json::parse(read_file(folder / schema_name));
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  const auto document = nlohmann::json::parse(text);
  valijson::ValidationResults results;
  valijson::Validator validator;
  if (validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results)) return {};
  std::string faults;
  for (const auto& fault : results) {
    faults += fmt::format("{}: {}\n", fmt::join(fault.context, ""), fault.description);
  }
  return faults.empty() ? "not valid\n" : faults;
}

std::string schema_faults(const std::filesystem::path& document, std::string_view schema_name) {
  return schema_faults_of_text(read_file(document), schema_name);
}

}  // namespace bv2::test
