// libFuzzer's entry for safetensors files.
#include <cstdint>

#include "fuzz/safetensors_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bv2::test::fuzz_safetensors(std::as_bytes(std::span(data, size)));
  return 0;
}
