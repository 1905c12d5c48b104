// A value of a tokenizer.json that knows where it stands, so that what is wrong with it can be said in a
// line.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bv2::engine::tokenizer {

/// Ids are at most this: what an int32 holds, so that no id is mistaken for a mark such as "none".
inline constexpr std::uint32_t largest_token_id = 0x7fffffff;

/// Text of a file made fit for one line of a message: quoted, control characters escaped, cut when long.
std::string in_quotes(std::string_view text);

/// A JSON value and its place ("tokenizer.json: pre_tokenizer: pretokenizers[1]"). It refers to the document,
/// which must outlive it. Every reader throws bv2::Error with the place when the value is not what is asked
/// for.
class ConfigNode {
 public:
  ConfigNode(const nlohmann::json& value, std::string place);

  [[noreturn]] void fail(std::string_view what) const;

  /// The member of an object; it must be there (null counts as there).
  [[nodiscard]] ConfigNode at(std::string_view key) const;
  /// The member of an object, if there is one that is not null.
  [[nodiscard]] std::optional<ConfigNode> find(std::string_view key) const;
  [[nodiscard]] std::vector<ConfigNode> elements() const;
  /// The only member of an object such as {"String": " "}.
  [[nodiscard]] std::pair<std::string, ConfigNode> only_member() const;

  [[nodiscard]] bool is_null() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::uint32_t token_id() const;
  [[nodiscard]] std::size_t count() const;
  /// A text of exactly one code point.
  [[nodiscard]] std::string character() const;

  /// The member's value, or the fallback when it is absent or null.
  [[nodiscard]] bool boolean_or(std::string_view key, bool fallback) const;
  [[nodiscard]] std::string text_or(std::string_view key, std::string_view fallback) const;
  [[nodiscard]] std::size_t count_or(std::string_view key, std::size_t fallback) const;

  [[nodiscard]] const nlohmann::json& json() const { return *value_; }
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  ConfigNode(const nlohmann::json& value, std::string place, int depth);

  const nlohmann::json* value_;
  std::string place_;
  int depth_ = 0;
};

/// One row of a table from a component's "type" to what makes it.
template <class Component>
struct ComponentFactory {
  std::string_view type;
  std::unique_ptr<Component> (*make)(const ConfigNode&);
};

/// Says that `type` is not in the table, and what is.
[[noreturn]] void fail_unknown_type(const ConfigNode& node, std::string_view kind, std::string_view type,
                                    std::span<const std::string_view> known);

/// Makes the component that `node` describes; an unknown type is refused with its name.
template <class Component>
std::unique_ptr<Component> make_component(const ConfigNode& node, std::string_view kind,
                                          std::span<const ComponentFactory<Component>> table) {
  const std::string type = node.at("type").text();
  std::vector<std::string_view> known;
  for (const auto& row : table) {
    if (row.type == type) return row.make(node);
    known.push_back(row.type);
  }
  fail_unknown_type(node, kind, type, known);
}

}  // namespace bv2::engine::tokenizer
