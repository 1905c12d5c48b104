// Environment variables behind a seam, so that tests do not change those of the process.
#include "framework/hub/environment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace bv2::hub {

Environment::Environment()
    : lookup_([](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      }) {}

std::optional<std::string> Environment::get(const std::string& name) const {
  std::optional<std::string> value = lookup_(name);
  return value && value->empty() ? std::nullopt : value;
}

std::optional<std::string> Environment::first_of(std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    if (auto value = get(name)) return value;
  }
  return std::nullopt;
}

bool Environment::is_true(const std::string& name) const {
  std::string value = get(name).value_or("");
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  constexpr std::array<std::string_view, 4> yes{"1", "ON", "YES", "TRUE"};
  return std::find(yes.begin(), yes.end(), value) != yes.end();
}

}  // namespace bv2::hub
