// Typed reading of tokenizer.json values, with errors that name the place.
#include "engine/tokenizer/config_node.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/json.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

/// A Sequence may hold Sequences; published files nest two deep.
constexpr int max_depth = 64;
constexpr std::size_t max_quoted_bytes = 60;

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string line = "'";
  for (const char character : text.substr(0, max_quoted_bytes)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += character;
    }
  }
  line += text.size() > max_quoted_bytes ? "...'" : "'";
  return to_valid_utf8(line);
}

ConfigNode::ConfigNode(const nlohmann::json& value, std::string place)
    : value_(&value), place_(std::move(place)) {}

ConfigNode::ConfigNode(const nlohmann::json& value, std::string place, int depth)
    : value_(&value), place_(std::move(place)), depth_(depth) {
  if (depth > max_depth) bv2::fail("{}...: nested deeper than {} levels", place_.substr(0, 80), max_depth);
}

void ConfigNode::fail(std::string_view what) const { bv2::fail("{}: {}", place_, what); }

ConfigNode ConfigNode::at(std::string_view key) const {
  if (!value_->is_object()) fail(fmt::format("an object was expected, found {}", value_->type_name()));
  const auto member = value_->find(key);
  if (member == value_->end()) fail(fmt::format("the field '{}' is missing", key));
  return {*member, fmt::format("{}: {}", place_, key), depth_ + 1};
}

std::optional<ConfigNode> ConfigNode::find(std::string_view key) const {
  if (!value_->is_object()) fail(fmt::format("an object was expected, found {}", value_->type_name()));
  const auto member = value_->find(key);
  if (member == value_->end() || member->is_null()) return std::nullopt;
  return at(key);
}

std::vector<ConfigNode> ConfigNode::elements() const {
  if (!value_->is_array()) fail(fmt::format("an array was expected, found {}", value_->type_name()));
  std::vector<ConfigNode> nodes;
  nodes.reserve(value_->size());
  for (const auto& element : *value_) {
    nodes.push_back(ConfigNode(element, fmt::format("{}[{}]", place_, nodes.size()), depth_ + 1));
  }
  return nodes;
}

std::pair<std::string, ConfigNode> ConfigNode::only_member() const {
  if (!value_->is_object() || value_->size() != 1) fail("an object with one member was expected");
  const std::string& key = value_->begin().key();
  return {key, {*value_->begin(), fmt::format("{}: {}", place_, in_quotes(key)), depth_ + 1}};
}

bool ConfigNode::is_null() const { return value_->is_null(); }

std::string ConfigNode::text() const {
  if (!value_->is_string()) fail(fmt::format("a string was expected, found {}", value_->type_name()));
  return value_->get<std::string>();
}

bool ConfigNode::boolean() const {
  if (!value_->is_boolean()) fail(fmt::format("true or false was expected, found {}", value_->type_name()));
  return value_->get<bool>();
}

std::uint32_t ConfigNode::token_id() const {
  if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > largest_token_id) {
    fail(fmt::format("a token id (0 to {}) was expected", largest_token_id));
  }
  return value_->get<std::uint32_t>();
}

std::size_t ConfigNode::count() const {
  if (!value_->is_number_unsigned()) fail("a count (an integer from 0) was expected");
  return value_->get<std::size_t>();
}

std::string ConfigNode::character() const {
  std::string character = text();
  if (count_code_points(character) != 1)
    fail(fmt::format("one character was expected, found {}", in_quotes(character)));
  return character;
}

bool ConfigNode::boolean_or(std::string_view key, bool fallback) const {
  const auto member = find(key);
  return member ? member->boolean() : fallback;
}

std::string ConfigNode::text_or(std::string_view key, std::string_view fallback) const {
  const auto member = find(key);
  return member ? member->text() : std::string(fallback);
}

std::size_t ConfigNode::count_or(std::string_view key, std::size_t fallback) const {
  const auto member = find(key);
  return member ? member->count() : fallback;
}

void fail_unknown_type(const ConfigNode& node, std::string_view kind, std::string_view type,
                       std::span<const std::string_view> known) {
  node.fail(fmt::format("the {} {} is not supported (supported: {})", kind, in_quotes(type),
                        fmt::join(known, ", ")));
}

}  // namespace bv2::engine::tokenizer
