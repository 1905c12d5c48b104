// Fuzzing of safetensors files: a header is accepted or refused with one line; what is accepted can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/safetensors_header.h"
#include "fuzz/require.h"

namespace bv2::test {

inline void check_safetensors(std::span<const std::byte> file, const SafetensorsHeader& header) {
  std::uint64_t sum = 0;
  std::uint64_t expected = header.entries.empty() ? file.size() : header.entries.front().begin;
  for (const SafetensorsEntry& entry : header.entries) {
    require(entry.begin == expected && entry.begin <= entry.end && entry.end <= file.size());
    expected = entry.end;
    for (std::uint64_t at = entry.begin; at < entry.end; ++at)
      sum += std::to_integer<std::uint64_t>(file[at]);
  }
  require(expected == file.size() && sum <= 255 * file.size());
}

/// What the fuzzer calls with what it makes up, and a test with the corpus.
inline void fuzz_safetensors(std::span<const std::byte> file) {
  try {
    SafetensorsHeader header = parse_safetensors_header(file, "file");
    check_safetensors(file, header);
    format_safetensors_header(header);
  } catch (const Error& error) {
    require(std::string_view(error.what()).find('\n') == std::string_view::npos);
    require(std::string_view(error.what()).size() < 2000);
  }
}

}  // namespace bv2::test
