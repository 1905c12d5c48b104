// Aligned, reference-counted memory that tensors are views of.
#pragma once

#include <cstddef>
#include <memory>

namespace bv2::engine {

/// Bytes aligned to 64, or to 2 MiB with huge pages asked for where they are large enough to profit. Not
/// initialised.
class Storage {
 public:
  static constexpr std::size_t alignment_bytes = 64;

  /// Throws Error with the size when the system has no memory left.
  explicit Storage(std::size_t size_bytes);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace bv2::engine
