// Metaspace's settings, which its pre-tokenizer and its decoder share.
#pragma once

#include <string>

#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

/// Where Metaspace puts its mark in front: before each stretch of text, before the first of the input,
/// nowhere.
enum class PrependScheme { always, first, never };

struct MetaspaceScheme {
  std::string replacement;  ///< one character, usually U+2581
  PrependScheme prepend;
  bool split;
};

/// Also reads the older form, which has add_prefix_space.
inline MetaspaceScheme metaspace_scheme(const ConfigNode& node) {
  MetaspaceScheme scheme{node.at("replacement").character(), PrependScheme::always,
                         node.boolean_or("split", true)};
  const std::string prepend = node.text_or("prepend_scheme", "always");
  if (prepend == "first") {
    scheme.prepend = PrependScheme::first;
  } else if (prepend == "never" || !node.boolean_or("add_prefix_space", true)) {
    scheme.prepend = PrependScheme::never;
  } else if (prepend != "always") {
    node.fail("the prepend_scheme " + in_quotes(prepend) +
              " is not supported (supported: always, first, never)");
  }
  return scheme;
}

}  // namespace bv2::engine::tokenizer
