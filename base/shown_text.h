// Text from a file as an error message can show it.
#pragma once

#include <string>
#include <string_view>

namespace bv2 {

/// On one line and not long: control characters become '?', what is over 200 bytes becomes "...".
std::string shown(std::string_view text);

}  // namespace bv2
