// The header of a safetensors file: which tensors it holds, and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"

namespace bv2 {

/// One tensor of a file. Its bytes are [begin, end) counted from the start of the file.
struct SafetensorsEntry {
  std::string name;
  Dtype dtype = Dtype::float32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  [[nodiscard]] std::uint64_t size_bytes() const { return end - begin; }
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< in the order of their bytes
  std::map<std::string, std::string, std::less<>> metadata;
};

/// Reads and checks the header of a whole file's bytes: an 8-byte little-endian length, then that much JSON
/// (https://huggingface.co/docs/safetensors: at most 100 MB, an object). The tensors must cover the rest of
/// the file once and exactly. `source` names the file in errors. Throws Error with what is wrong, where, what
/// was expected and what was found.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file, std::string_view source);

/// The header of a file that holds these tensors one after another (begin and end are set here, from 0 on for
/// the first), with its length before it, padded with spaces to a multiple of 8.
std::string format_safetensors_header(SafetensorsHeader& header);

}  // namespace bv2
