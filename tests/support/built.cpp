// What the build made that tests run or load.
#include "support/built.h"

namespace bv2::test {

std::string program() { return BV2_TEST_PROGRAM; }

std::filesystem::path module_dir(std::string_view name) {
  return std::filesystem::path(BV2_TEST_MODULES_DIR) / name;
}

std::filesystem::path kernel_pack_dir(std::string_view name) {
  return std::filesystem::path(BV2_TEST_KERNEL_PACKS_DIR) / name;
}

std::filesystem::path device_library_dir(std::string_view name) {
  return std::filesystem::path(BV2_TEST_DEVICE_LIBRARIES_DIR) / name;
}

std::filesystem::path device_library(std::string_view name) {
  return std::filesystem::directory_iterator(device_library_dir(name))->path();
}

}  // namespace bv2::test
