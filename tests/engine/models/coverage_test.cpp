// What runs in kernelized mode, family by family: a change that loses a kernel is seen here.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/eager/eager_executor.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "support/family_models.h"

namespace bv2::engine {
namespace {

/// "linear/panel_gemv 1, ..., definition of expert_mixture 3": without the instruction set.
std::string text_of(const EffectiveRecord& record) {
  std::string text;
  const auto add = [&](std::string_view what, std::int64_t count) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, count);
  };
  for (const auto& [label, count] : record.kernels) add(label.substr(0, label.rfind('/')), count);
  for (const auto& [name, count] : record.definitions) add("definition of " + name, count);
  return text;
}

struct Coverage {
  std::string prefill;
  std::string decode;
};

/// float16, whose kernels are our own on every machine.
Coverage coverage_of(const std::string& model_name) {
  const test::FamilyModel family = test::load_family_model(model_name, Dtype::float16);
  const Model& model = *family.model;
  pack_weights(*family.model);
  KernelSet kernels{.table = kernels_for(Dtype::float16), .state = {}};
  EagerExecutor executor;
  const Tensor& ids = family.ids;
  KvCache cache = model.make_cache(ids.size(0), ids.size(1) + 1);
  const auto run = [&](const Tensor& input) {
    Context context(executor, AttentionPath::sdpa_flash_attention, &kernels);
    (void)model.forward(context, input, cache, LogitsOf::greedy_token);
    return text_of(context.record());
  };
  Coverage coverage;
  coverage.prefill = run(ids);
  if (!model.config().causal) return coverage;  // an encoder does not go on
  const std::vector<std::int64_t> next(static_cast<std::size_t>(ids.size(0)), 1);
  coverage.decode = run(tensor_of<std::int64_t>(next, {ids.size(0), 1}));
  return coverage;
}

struct Golden {
  std::vector<std::string_view> models;
  Coverage coverage;
};

// Families of one entry run alike.
const Golden goldens[]{
    {{"gemma2"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 3, "
      "linear/panel_gemm 6, linear/panel_gemv 1, norm_residual/norm_rows 6, "
      "qkv_projection/panel_gemm 3, rms_norm/norm_rows 7, rotary_append/rotate_and_append 3, "
      "softcap/softcap_elements 1",
      "attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemv 3, "
      "linear/panel_gemv 7, norm_residual/norm_rows 6, qkv_projection/panel_gemv 3, "
      "rms_norm/norm_rows 7, rotary_append/rotate_and_append 3, softcap/softcap_elements 1"}},
    {{"gemma3"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 3, "
      "greedy_head/panel_gemv_argmax 1, linear/panel_gemm 6, norm_residual/norm_rows 6, "
      "qkv_projection/panel_gemm 3, rms_norm/norm_rows 13, rotary_append/rotate_and_append 3",
      "attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemv 3, "
      "greedy_head/panel_gemv_argmax 1, linear/panel_gemv 6, norm_residual/norm_rows 6, "
      "qkv_projection/panel_gemv 3, rms_norm/norm_rows 13, rotary_append/rotate_and_append 3"}},
    {{"gpt-neox", "gpt2"},
     {"attention/flash_attention 3, embedding/row_lookup 1, greedy_head/panel_gemv_argmax 1, "
      "layer_norm/norm_rows 7, linear_activation/panel_gemm 3, linear_residual/panel_gemm 6, "
      "qkv_projection/panel_gemm 3, rotary_append/rotate_and_append 3",
      "attention/flash_attention 3, embedding/row_lookup 1, greedy_head/panel_gemv_argmax 1, "
      "layer_norm/norm_rows 7, linear_activation/panel_gemv 3, linear_residual/panel_gemv 6, "
      "qkv_projection/panel_gemv 3, rotary_append/rotate_and_append 3"}},
    {{"llama", "llama3-rope", "mistral-sliding", "phi3", "qwen2"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 3, "
      "greedy_head/panel_gemv_argmax 1, linear_residual/panel_gemm 6, qkv_projection/panel_gemm 3, "
      "rms_norm/norm_rows 7, rotary_append/rotate_and_append 3",
      "attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemv 3, "
      "greedy_head/panel_gemv_argmax 1, linear_residual/panel_gemv 6, qkv_projection/panel_gemv 3, "
      "rms_norm/norm_rows 7, rotary_append/rotate_and_append 3"}},
    {{"mixtral"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 12, "
      "greedy_head/panel_gemv_argmax 1, linear/panel_gemm 15, linear_residual/panel_gemm 3, "
      "qkv_projection/panel_gemm 3, rms_norm/norm_rows 7, rotary_append/rotate_and_append 3, "
      "definition of expert_mixture 3",
      "attention/flash_attention 3, embedding/row_lookup 1, expert_mixture/panel_gemv 3, "
      "greedy_head/panel_gemv_argmax 1, linear/panel_gemv 3, linear_residual/panel_gemv 3, "
      "qkv_projection/panel_gemv 3, rms_norm/norm_rows 7, rotary_append/rotate_and_append 3"}},
    {{"qwen3"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 3, "
      "greedy_head/panel_gemv_argmax 1, linear_residual/panel_gemm 6, qkv_projection/panel_gemm 3, "
      "rms_norm/norm_rows 13, rotary_append/rotate_and_append 3",
      "attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemv 3, "
      "greedy_head/panel_gemv_argmax 1, linear_residual/panel_gemv 6, qkv_projection/panel_gemv 3, "
      "rms_norm/norm_rows 13, rotary_append/rotate_and_append 3"}},
    {{"bert", "distilbert", "roberta"},
     {"attention/flash_attention 3, embedding/row_lookup 1, layer_norm/norm_rows 7, "
      "linear_activation/panel_gemm 3, linear_residual/panel_gemm 6, qkv_projection/panel_gemm 3",
      ""}},
    {{"olmo2"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 3, "
      "greedy_head/panel_gemv_argmax 1, linear/panel_gemm 6, norm_residual/norm_rows 6, "
      "qkv_projection/panel_gemm 3, rms_norm/norm_rows 7, rotary_append/rotate_and_append 3",
      "attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemv 3, "
      "greedy_head/panel_gemv_argmax 1, linear/panel_gemv 6, norm_residual/norm_rows 6, "
      "qkv_projection/panel_gemv 3, rms_norm/norm_rows 7, rotary_append/rotate_and_append 3"}},
    {{"qwen3_moe"},
     {"attention/flash_attention 3, embedding/row_lookup 1, gated_projection/panel_gemm 14, "
      "gated_projection/panel_gemv 3, greedy_head/panel_gemv_argmax 1, linear/panel_gemm 15, "
      "linear/panel_gemv 3, linear_residual/panel_gemm 4, qkv_projection/panel_gemm 3, "
      "rms_norm/norm_rows 13, rotary_append/rotate_and_append 3, definition of expert_mixture 2",
      "attention/flash_attention 3, embedding/row_lookup 1, expert_mixture/panel_gemv 2, "
      "gated_projection/panel_gemv 1, greedy_head/panel_gemv_argmax 1, linear/panel_gemv 2, "
      "linear_residual/panel_gemv 4, qkv_projection/panel_gemv 3, rms_norm/norm_rows 13, "
      "rotary_append/rotate_and_append 3"}},
    {{"smollm3"},
     {"attention/flash_attention 4, embedding/row_lookup 1, gated_projection/panel_gemm 4, "
      "greedy_head/panel_gemv_argmax 1, linear_residual/panel_gemm 8, qkv_projection/panel_gemm "
      "4, rms_norm/norm_rows 9, rotary_append/rotate_and_append 4",
      "attention/flash_attention 4, embedding/row_lookup 1, gated_projection/panel_gemv 4, "
      "greedy_head/panel_gemv_argmax 1, linear_residual/panel_gemv 8, qkv_projection/panel_gemv "
      "4, rms_norm/norm_rows 9, rotary_append/rotate_and_append 4"}},
};

TEST(KernelCoverage, IsWhatItWas) {
  for (const std::string& model : test::family_models()) {
    const Golden* golden = std::ranges::find_if(
        goldens, [&](const Golden& g) { return std::ranges::find(g.models, model) != g.models.end(); });
    const Coverage found = coverage_of(model);
    if (golden == std::end(goldens)) {
      ADD_FAILURE() << model << " has no golden: " << found.prefill << "; " << found.decode;
      continue;
    }
    EXPECT_EQ(found.prefill, golden->coverage.prefill) << model;
    EXPECT_EQ(found.decode, golden->coverage.decode) << model;
  }
}

}  // namespace
}  // namespace bv2::engine
