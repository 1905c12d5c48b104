// A compiler that optimises little: for tests of what is printed.
#pragma once

#include <algorithm>

#include "engine/compiled/toolchain.h"

namespace bv2::test {

inline engine::compiled::Toolchain quick_toolchain() {
  engine::compiled::Toolchain toolchain = engine::compiled::find_toolchain();
  std::ranges::replace(toolchain.flags, std::string("-O3"), std::string("-O1"));
  return toolchain;
}

}  // namespace bv2::test
