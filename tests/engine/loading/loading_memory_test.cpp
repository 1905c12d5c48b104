// Memory while loading: the peak stays under 1.3 times the weights in the run's dtype.
#include <gtest/gtest.h>
#include <malloc.h>

#include <fstream>
#include <string>

#include "base/float16.h"
#include "engine/loading/checkpoint.h"
#include "support/sanitizers.h"
#include "support/temporary_folder.h"

namespace bv2::engine {
namespace {

/// A field of /proc/self/status that is in kB ("VmHWM:", "VmRSS:"), in bytes.
std::size_t status_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(field)) return std::stoul(line.substr(field.size())) * 1024;
  }
  return 0;
}

/// Makes the high-water mark what is resident now; false where the system does not allow it.
bool reset_high_water_mark() {
  std::ofstream("/proc/self/clear_refs") << "5" << std::flush;
  constexpr std::size_t slack_bytes = 4 << 20U;
  return status_bytes("VmHWM:") <= status_bytes("VmRSS:") + slack_bytes;
}

struct Case {
  std::string_view name;
  Dtype stored;
  Dtype run;
  std::vector<std::int64_t> sizes;  // of the tensors, in elements
};

class LoadingMemory : public testing::TestWithParam<Case> {};

TEST_P(LoadingMemory, PeaksBelowOnePointThreeTimesTheWeights) {
  if (!test::memory_is_ours) GTEST_SKIP() << "a sanitizer's memory is counted too";
  const Case& c = GetParam();
  const test::TemporaryFolder folder;
  folder.write("config.json", "{}");
  {
    std::vector<NamedTensor> tensors;
    for (const std::int64_t size : c.sizes) {
      tensors.push_back({std::to_string(tensors.size()), Tensor(c.stored, {size})});
      const Tensor& tensor = tensors.back().tensor;
      std::fill_n(tensor.raw(), tensor.size_bytes(), std::byte{0x3f});
    }
    write_safetensors(folder.path() / "model.safetensors", tensors);
  }

  ::malloc_trim(0);  // else what was freed above would serve, uncounted, for the weights
  if (!reset_high_water_mark()) GTEST_SKIP() << "the high-water mark cannot be reset here";
  const std::size_t before = status_bytes("VmRSS:");
  Checkpoint checkpoint(folder.path());
  std::vector<Tensor> model;
  std::size_t weight_bytes = 0;
  for (const std::int64_t size : c.sizes) {
    model.push_back(checkpoint.take(std::to_string(model.size()), {size}, c.run, WeightKind::matrix));
    weight_bytes += model.back().size_bytes();
  }
  const std::size_t peak = status_bytes("VmHWM:") - before;
  const double ratio = static_cast<double>(peak) / static_cast<double>(weight_bytes);
  RecordProperty("peak_over_weights", std::to_string(ratio));
  // Less than the weights themselves would mean that the measurement is wrong.
  EXPECT_GT(ratio, 0.99);
  EXPECT_LT(ratio, 1.3) << peak << " bytes for " << weight_bytes << " bytes of weights";
}

const std::vector<std::int64_t> one_huge_tensor{50'000'000};
const std::vector<std::int64_t> like_a_model = [] {
  std::vector<std::int64_t> sizes{13'000'000};
  for (int layer = 0; layer < 20; ++layer)
    sizes.insert(sizes.end(), {576, 331'776, 110'592, 884'736, 884'736});
  return sizes;
}();

INSTANTIATE_TEST_SUITE_P(
    Checkpoints, LoadingMemory,
    testing::Values(Case{"huge_from_float32", Dtype::float32, Dtype::bfloat16, one_huge_tensor},
                    Case{"huge_from_bfloat16", Dtype::bfloat16, Dtype::bfloat16, one_huge_tensor},
                    Case{"model_from_float32", Dtype::float32, Dtype::bfloat16, like_a_model},
                    Case{"model_from_bfloat16", Dtype::bfloat16, Dtype::bfloat16, like_a_model}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace bv2::engine
