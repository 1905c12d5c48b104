// libFuzzer's entry for config.json.
#include <cstdint>

#include "fuzz/model_config_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bv2::test::fuzz_model_config(std::as_bytes(std::span(data, size)));
  return 0;
}
