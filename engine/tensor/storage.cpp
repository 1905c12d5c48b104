// Aligned, reference-counted memory.
#include "engine/tensor/storage.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "base/error.h"

namespace bv2::engine {
namespace {

constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;
// Below this a huge page wastes more than it saves.
constexpr std::size_t huge_page_threshold_bytes = 2 * huge_page_bytes;

std::size_t rounded_up(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

Storage::Storage(std::size_t size_bytes, Layout layout) : size_bytes_(size_bytes), layout_(layout) {
  if (layout == Layout::absent) return;
  const bool huge = size_bytes >= huge_page_threshold_bytes;
  const std::size_t alignment = huge ? huge_page_bytes : alignment_bytes;
  const std::size_t allocated = rounded_up(size_bytes == 0 ? 1 : size_bytes, alignment_bytes);
  data_ = static_cast<std::byte*>(std::aligned_alloc(alignment, rounded_up(allocated, alignment)));
  if (data_ == nullptr) fail("out of memory: {} bytes could not be allocated", size_bytes);
  if (huge) ::madvise(data_, allocated, MADV_HUGEPAGE);
}

Storage::~Storage() {
  if (owned_) std::free(data_);
}

void Storage::discard(std::size_t begin, std::size_t end) const {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto base = reinterpret_cast<std::uintptr_t>(data_);
  const std::uintptr_t first = rounded_up(base + begin, page);
  const std::uintptr_t last = (base + end) / page * page;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace bv2::engine
