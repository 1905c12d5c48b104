// libFuzzer's entry for tokenizer.json.
#include <cstdint>

#include "fuzz/tokenizer_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bv2::test::fuzz_tokenizer(std::as_bytes(std::span(data, size)));
  return 0;
}
