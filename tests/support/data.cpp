// Where the tests' data is.
#include "support/data.h"

namespace bv2::test {

std::filesystem::path data_dir() { return BV2_TEST_DATA_DIR; }

}  // namespace bv2::test
