// Fuzzing of tokenizer.json, and of encoding with what was read: the input is the file, a zero byte, and a
// text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "engine/tokenizer/tokenizer.h"
#include "fuzz/require.h"

namespace bv2::test {

/// What the fuzzer calls with what it makes up, and a test with the corpus.
inline void fuzz_tokenizer(std::span<const std::byte> bytes) {
  const std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t end = std::min(input.find('\0'), input.size());
  const std::string_view text =
      end < input.size() ? input.substr(end + 1) : "Hello, w\xc3\xb6rld \xff 12 <s>\n";
  try {
    const auto tokenizer = engine::Tokenizer::from_json(input.substr(0, end), "fuzz");
    static_cast<void>(tokenizer.decode(tokenizer.encode(text), false));
  } catch (const Error& error) {  // the only way in which a bad file or text may end
    require(std::string_view(error.what()).find('\n') == std::string_view::npos);
  }
}

}  // namespace bv2::test
