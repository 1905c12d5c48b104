// `list --kernels` and `--kernels-dir`, as their users meet them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "support/built.h"
#include "support/data.h"
#include "support/process.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

test::ProcessResult run_program(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), test::program());
  return test::run_process(arguments);
}

Json listed(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"list", "--kernels", "--format", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto result = run_program(arguments);
  EXPECT_EQ(result.status, 0) << result.err;
  return parse_json(result.out, "output");
}

/// The first choice for an operation in a dtype.
std::string first_choice(const Json& kernels, std::string_view operation, std::string_view dtype) {
  for (const Json& kernel : kernels) {
    if (kernel["operation"] == operation && kernel["dtype"] == dtype && kernel["verdict"] == "first choice")
      return kernel["kernel"];
  }
  return {};
}

TEST(ListKernels, SaysWhatThisMachineWouldPickAndWhyNotTheOthers) {
  const Json kernels = listed();
  EXPECT_EQ(first_choice(kernels, "rms_norm", "bfloat16"), "norm_rows");
  EXPECT_EQ(first_choice(kernels, "linear", "float32"), "panel_gemv");
  for (const Json& kernel : kernels) EXPECT_NE(kernel["verdict"], "") << kernel;
}

TEST(ListKernels, PrintsATable) {
  const auto result = run_program({"list", "--kernels"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("operation"));
  EXPECT_THAT(result.out, HasSubstr("panel_gemv"));
}

TEST(KernelsDir, APackFromOutsideRunsAndTheResultNamesIt) {
  const std::string dir = test::kernel_pack_dir("scalar_norm");
  EXPECT_EQ(first_choice(listed({"--kernels-dir", dir}), "rms_norm", "float32"), "scalar_rows");
  EXPECT_EQ(first_choice(listed({"--kernels-dir", dir}), "rms_norm", "bfloat16"), "norm_rows");

  const test::TemporaryFolder folder;
  const auto measured = run_program({"run",
                                     "--kernels-dir",
                                     dir,
                                     "--model-id",
                                     test::data_dir() / "models/llama",
                                     "--prompt-ids",
                                     "1,2,3",
                                     "--dtype",
                                     "float32",
                                     "--variant",
                                     "kernelized",
                                     "--num-tokens-to-generate",
                                     "2",
                                     "--warmup-iterations",
                                     "0",
                                     "--measurement-iterations",
                                     "1",
                                     "--output-dir",
                                     folder.path() / "results",
                                     "--format",
                                     "jsonl"});
  ASSERT_EQ(measured.status, 0) << measured.err;
  const Json kernels = parse_json(measured.out, "output")["metadata"]["effective"]["kernels"];
  EXPECT_GT(kernels.value("rms_norm/scalar_rows/any", 0), 0) << kernels;
}

TEST(KernelsDir, APackThatIsNoneEndsTheProgram) {
  const auto empty = run_program({"list", "--kernels-dir", test::kernel_pack_dir("without_kernel")});
  EXPECT_EQ(empty.status, 2);
  EXPECT_THAT(empty.err, HasSubstr("without_kernel.so' adds no kernel"));
  const auto missing = run_program({"list", "--kernels-dir", "/nowhere"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.err,
            "run_benchmarks: --kernels-dir: '/nowhere' is not a folder; name one with kernel packs (*.so)\n");
}

}  // namespace
}  // namespace bv2
