// Typed access to the fields of one JSON object that remembers which were asked for.
#include "engine/loading/config_reader.h"

#include <cmath>

#include "base/shown_text.h"

namespace bv2::engine {
namespace {

/// The value where it is short, else what kind it is.
std::string described(const Json& value) {
  if (value.is_object() || value.is_array()) {
    return value.empty() ? value.dump() : fmt::format("{} of {}", value.type_name(), value.size());
  }
  return shown(value.dump(-1, ' ', true, Json::error_handler_t::replace));
}

bool is_off(const Json& value) {
  if (value.is_null() || value == false) return true;
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.is_structured() && value.empty();
}

/// nlohmann/json keeps integers above 2^63 as unsigned.
bool is_int64(const Json& value) {
  return value.is_number_integer() &&
         (!value.is_number_unsigned() || value.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
}

}  // namespace

ConfigReader::ConfigReader(const Json& object, std::string_view source, std::string_view where)
    : object_(&object), source_(source), where_(where) {
  if (object.is_object()) return;
  const std::string_view what =
      where_.empty() ? "the document" : std::string_view(where_).substr(0, where_.size() - 1);
  fail("'{}': {} is {}, an object was expected", source_, what, described(object));
}

const Json* ConfigReader::find(std::string_view key) {
  asked_.emplace(key);
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::int64_t> ConfigReader::integer(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!is_int64(*value)) fail_field(key, "an integer");
  return value->get<std::int64_t>();
}

std::optional<std::int64_t> ConfigReader::size(std::string_view key) {
  const std::optional<std::int64_t> value = integer(key);
  if (value && (*value < 1 || *value > max_size)) fail_field(key, fmt::format("1 to {}", max_size));
  return value;
}

std::int64_t ConfigReader::required_size(std::string_view key) {
  const std::optional<std::int64_t> value = size(key);
  if (!value) fail("'{}': the field '{}{}' is missing", source_, where_, key);
  return *value;
}

std::optional<double> ConfigReader::number(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number() || !std::isfinite(value->get<double>())) fail_field(key, "a number");
  return value->get<double>();
}

std::optional<double> ConfigReader::positive(std::string_view key) {
  const std::optional<double> value = number(key);
  if (value && *value <= 0) fail_field(key, "a number above 0");
  return value;
}

std::optional<bool> ConfigReader::flag(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) fail_field(key, "true or false");
  return value->get<bool>();
}

std::optional<std::string> ConfigReader::text(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) fail_field(key, "a text");
  return value->get<std::string>();
}

std::optional<std::vector<std::int64_t>> ConfigReader::integers(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || !std::ranges::all_of(*value, is_int64)) fail_field(key, "a list of integers");
  return value->get<std::vector<std::int64_t>>();
}

std::optional<std::vector<double>> ConfigReader::numbers(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto is_number = [](const Json& element) { return element.is_number(); };
  if (!value->is_array() || !std::ranges::all_of(*value, is_number)) fail_field(key, "a list of numbers");
  return value->get<std::vector<double>>();
}

std::optional<std::vector<std::string>> ConfigReader::texts(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto is_text = [](const Json& element) { return element.is_string(); };
  if (!value->is_array() || !std::ranges::all_of(*value, is_text)) fail_field(key, "a list of texts");
  return value->get<std::vector<std::string>>();
}

void ConfigReader::ignore(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) asked_.emplace(key);
}

void ConfigReader::refuse_others(std::string_view model_type) const {
  for (const auto& [key, value] : object_->items()) {
    if (asked_.contains(key) || is_off(value)) continue;
    fail("'{}': the field '{}{}' ({}) is not supported for the model_type '{}': it could change the result",
         source_, where_, shown(key), described(value), model_type);
  }
}

void ConfigReader::fail_field(std::string_view key, std::string_view expected) const {
  const auto found = object_->find(key);
  fail("'{}': the field '{}{}' is {}, expected: {}", source_, where_, key,
       found == object_->end() ? "missing" : described(*found), expected);
}

}  // namespace bv2::engine
