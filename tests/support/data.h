// Where the tests' data is.
#pragma once

#include <filesystem>

namespace bv2::test {

/// tests/data in the source tree.
std::filesystem::path data_dir();

}  // namespace bv2::test
