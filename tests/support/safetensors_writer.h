// Small safetensors files for tests that know nothing of the engine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/dtype.h"

namespace bv2::test {

struct WrittenTensor {
  std::string name;
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

WrittenTensor float_tensor(std::string name, std::vector<std::int64_t> shape,
                           const std::vector<float>& values);
WrittenTensor int64_tensor(std::string name, std::vector<std::int64_t> shape,
                           const std::vector<std::int64_t>& values);

/// Tensors of wider elements must come first, as the format's writer orders them.
void write_tensors(const std::filesystem::path& path, const std::vector<WrittenTensor>& tensors);

}  // namespace bv2::test
