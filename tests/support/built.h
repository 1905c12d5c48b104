// What the build made that tests run or load.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace bv2::test {

/// The program.
std::string program();
/// The folder of one module of tests/modules, which holds nothing else.
std::filesystem::path module_dir(std::string_view name);
/// The folder of one kernel pack of tests/kernel_packs, which holds nothing else.
std::filesystem::path kernel_pack_dir(std::string_view name);

/// The folder of a fake device library of tests/device_libraries, which holds nothing else.
std::filesystem::path device_library_dir(std::string_view name);
/// That library.
std::filesystem::path device_library(std::string_view name);

}  // namespace bv2::test
