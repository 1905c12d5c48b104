// An environment of a test's own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "framework/hub/environment.h"

namespace bv2::test {

/// In which these variables are set, and no others.
inline hub::Environment environment(std::map<std::string, std::string> variables) {
  return hub::Environment(
      [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
}

}  // namespace bv2::test
