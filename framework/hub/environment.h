// Environment variables behind a seam, so that tests do not change those of the process.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace bv2::hub {

/// Looks variables up. A variable that is set to nothing counts as not set, as with the Hub's own tools.
/// Thread-safe as long as the lookup is.
class Environment {
 public:
  using Lookup = std::function<std::optional<std::string>(const std::string& name)>;

  /// The environment of this process.
  Environment();
  explicit Environment(Lookup lookup) : lookup_(std::move(lookup)) {}

  [[nodiscard]] std::optional<std::string> get(const std::string& name) const;
  /// The first of them that is set.
  [[nodiscard]] std::optional<std::string> first_of(std::initializer_list<const char*> names) const;
  /// 1, ON, YES or TRUE in any case.
  [[nodiscard]] bool is_true(const std::string& name) const;

 private:
  Lookup lookup_;
};

}  // namespace bv2::hub
