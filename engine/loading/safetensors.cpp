// Files of tensors in the safetensors format: reading by memory mapping, and writing.
#include "engine/loading/safetensors.h"

#include <unistd.h>

#include "engine/loading/dtype_conversion.h"
#include "base/shown_text.h"

namespace bv2::engine {
namespace {

/// A file shortened since it was opened would end the process at the first touch: say so instead.
void require_readable(const MappedFile& file, std::uint64_t begin, std::uint64_t length,
                      const std::filesystem::path& path, std::string_view tensor) {
  if (file.populate(begin, length)) return;
  fail("'{}': tensor '{}' cannot be read: the file was shortened while it was in use, or the disk failed",
       path.string(), shown(tensor));
}

/// Also the pages at the edges: what another reader still needs of them comes from the page cache again.
void release_around(const MappedFile& file, std::uint64_t begin, std::uint64_t length) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t first = begin / page * page;
  const std::uint64_t last = (begin + length + page - 1) / page * page;
  file.release(first, last - first);
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  header_ = parse_safetensors_header(file_.bytes(), path.string());
  if (!file_.bytes().empty()) release_around(file_, 0, file_.bytes().size());
  by_name_.reserve(header_.entries.size());
  for (std::size_t index = 0; index < header_.entries.size(); ++index) {
    by_name_.emplace(header_.entries[index].name, index);
  }
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &header_.entries[found->second];
}

void SafetensorsFile::read(const SafetensorsEntry& entry, std::uint64_t first, std::uint64_t count,
                           Dtype dtype, std::byte* to) const {
  const std::uint64_t element_bytes = bv2::size_bytes(entry.dtype);
  const std::uint64_t begin = entry.begin + first * element_bytes;
  require_readable(file_, begin, count * element_bytes, path_, entry.name);
  convert_elements(entry.dtype, file_.bytes().data() + begin, dtype, to, count);
  release_around(file_, begin, count * element_bytes);
}

Tensor SafetensorsFile::tensor(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  if (entry == nullptr) fail("'{}' has no tensor '{}'", path_.string(), name);
  Tensor tensor(entry->dtype, Shape(std::span(entry->shape)));
  if (tensor.numel() > 0) {
    read(*entry, 0, static_cast<std::uint64_t>(tensor.numel()), entry->dtype, tensor.raw());
  }
  return tensor;
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string, std::less<>>& metadata) {
  SafetensorsHeader header{.entries = {}, .metadata = metadata};
  std::unordered_map<std::string_view, const Tensor*> by_name;
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_contiguous()) fail("'{}': tensor '{}' is not contiguous", path.string(), name);
    if (!by_name.emplace(name, &tensor).second) fail("'{}': '{}' is there twice", path.string(), name);
    header.entries.push_back(
        {.name = name, .dtype = tensor.dtype(), .shape = {tensor.shape().begin(), tensor.shape().end()}});
  }
  const std::string formatted = format_safetensors_header(header);
  std::vector<std::string_view> pieces{formatted};
  for (const SafetensorsEntry& entry : header.entries) {
    const Tensor& tensor = *by_name.at(entry.name);
    pieces.emplace_back(reinterpret_cast<const char*>(tensor.raw()), tensor.size_bytes());
  }
  write_file_atomically(path, pieces);
}

}  // namespace bv2::engine
