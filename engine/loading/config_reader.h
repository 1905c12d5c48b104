// Typed access to the fields of one JSON object that remembers which were asked for, so that the others can
// be refused.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace bv2::engine {

/// A field that is null counts as absent, unless stated otherwise. All functions throw Error that names the
/// document, the field, what was expected and what was found. Keeps references: the object must live on.
class ConfigReader {
 public:
  /// `where` is what stands before a field's name in errors: "" or "rope_scaling.".
  /// Throws Error when `object` is not an object.
  ConfigReader(const Json& object, std::string_view source, std::string_view where = "");

  [[nodiscard]] const std::string& source() const { return source_; }
  /// The field, or null where it is absent or null.
  const Json* find(std::string_view key);
  /// True where the field is there, even if it is null. Does not count as asking for it.
  [[nodiscard]] bool contains(std::string_view key) const { return object_->contains(key); }

  std::optional<std::int64_t> integer(std::string_view key);
  /// An integer in [1, max_size].
  std::optional<std::int64_t> size(std::string_view key);
  std::optional<double> number(std::string_view key);
  /// A finite number above 0.
  std::optional<double> positive(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::string> text(std::string_view key);
  std::optional<std::vector<std::int64_t>> integers(std::string_view key);
  std::optional<std::vector<double>> numbers(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);

  /// As `size`, but the field must be there.
  std::int64_t required_size(std::string_view key);

  /// Fields that need not be asked for.
  void ignore(std::span<const std::string_view> keys);
  /// Refuses the first field that was neither asked for nor ignored, unless it is off: null, false or empty.
  void refuse_others(std::string_view model_type) const;

  /// Throws: the field has a value that does not fit.
  [[noreturn]] void fail_field(std::string_view key, std::string_view expected) const;

  static constexpr std::int64_t max_size = (std::int64_t{1} << 31U) - 1;

 private:
  const Json* object_;
  std::string source_;
  std::string where_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace bv2::engine
