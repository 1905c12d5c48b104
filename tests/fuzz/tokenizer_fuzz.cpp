// Fuzzes the reader of tokenizer.json, and what it has read: input is the file, a zero byte, and a text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "engine/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(input.find('\0'), input.size());
  const std::string_view text =
      end < input.size() ? input.substr(end + 1) : "Hello, w\xc3\xb6rld \xff 12 <s>\n";
  try {
    const auto tokenizer = bv2::engine::Tokenizer::from_json(input.substr(0, end), "fuzz");
    (void)tokenizer.decode(tokenizer.encode(text), false);
  } catch (const bv2::Error&) {  // the only way in which a bad file or text may end
  }
  return 0;
}
