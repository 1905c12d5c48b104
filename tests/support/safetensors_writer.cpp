// Small safetensors files for tests that know nothing of the engine.
#include "support/safetensors_writer.h"

#include <utility>

#include "base/file.h"
#include "base/safetensors_header.h"

namespace bv2::test {
namespace {

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

WrittenTensor float_tensor(std::string name, std::vector<std::int64_t> shape,
                           const std::vector<float>& values) {
  return {std::move(name), Dtype::float32, std::move(shape), bytes_of(values)};
}

WrittenTensor int64_tensor(std::string name, std::vector<std::int64_t> shape,
                           const std::vector<std::int64_t>& values) {
  return {std::move(name), Dtype::int64, std::move(shape), bytes_of(values)};
}

void write_tensors(const std::filesystem::path& path, const std::vector<WrittenTensor>& tensors) {
  SafetensorsHeader header;
  for (const auto& tensor : tensors) {
    header.entries.push_back({.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape});
  }
  std::string content = format_safetensors_header(header);
  for (const auto& tensor : tensors) content += tensor.bytes;
  write_file_atomically(path, content);
}

}  // namespace bv2::test
