// Aligned, reference-counted memory that tensors are views of.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace bv2::engine {

/// How the elements of a tensor lie in its storage: row by row as shape and strides say, or rearranged for
/// the kernels (engine/kernels/panels.h), whose tensors keep their shape but cannot be read element by
/// element. `absent` has no memory at all: what a tracer sees instead of values.
enum class Layout { plain, panels, absent };

/// Bytes aligned to 64, or to 2 MiB with huge pages asked for where they are large enough to profit. Not
/// initialised.
class Storage {
 public:
  static constexpr std::size_t alignment_bytes = 64;

  /// Throws Error with the size when the system has no memory left.
  explicit Storage(std::size_t size_bytes, Layout layout = Layout::plain);
  /// Someone else's memory, which has to live longer.
  explicit Storage(std::span<std::byte> memory)
      : data_(memory.data()), size_bytes_(memory.size()), owned_(false) {}
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::size_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] Layout layout() const { return layout_; }

  /// Gives the pages that lie wholly inside [begin, end) back to the system: what they held is lost. For
  /// memory that is about to be freed piece by piece while its content moves elsewhere.
  void discard(std::size_t begin, std::size_t end) const;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  Layout layout_ = Layout::plain;
  bool owned_ = true;
};

}  // namespace bv2::engine
