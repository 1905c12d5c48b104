// Files of tensors in the safetensors format: reading by memory mapping, and writing.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "base/safetensors_header.h"
#include "engine/tensor/tensor.h"

namespace bv2::engine {

/// A file that is mapped and whose header holds. Any number of threads may read. Movable.
class SafetensorsFile {
 public:
  /// Throws Error naming the file: it cannot be opened, or its header is wrong (parse_safetensors_header).
  explicit SafetensorsFile(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// In the order of their bytes.
  [[nodiscard]] std::span<const SafetensorsEntry> entries() const { return header_.entries; }
  [[nodiscard]] const auto& metadata() const { return header_.metadata; }
  /// The tensor of that name, or null.
  [[nodiscard]] const SafetensorsEntry* find(std::string_view name) const;

  /// Reads elements [first, first + count) of a tensor of this file into `to`, as `dtype`, and gives the
  /// mapped pages back. Integers are only copied, never converted. Throws Error when the file cannot be read
  /// there any more.
  void read(const SafetensorsEntry& entry, std::uint64_t first, std::uint64_t count, Dtype dtype,
            std::byte* to) const;
  /// A contiguous copy of the tensor of that name, in the dtype it has in the file. Throws Error when there
  /// is none.
  [[nodiscard]] Tensor tensor(std::string_view name) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsHeader header_;
  std::unordered_map<std::string_view, std::size_t> by_name_;  // into header_.entries
};

struct NamedTensor {
  std::string name;
  Tensor tensor;  ///< contiguous
};

/// Writes a file that SafetensorsFile reads, all of it or nothing. Tensors of wider elements come first, else
/// the order is kept. Throws Error: a name twice, a tensor that is not contiguous, a file that cannot be
/// written.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string, std::less<>>& metadata = {});

}  // namespace bv2::engine
