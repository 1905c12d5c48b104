// Which keys each query may see.
#include <gtest/gtest.h>

#include <limits>

#include "support/error_text.h"
#include "support/run_eager.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Shape;
using engine::Tensor;

struct Case {
  std::int64_t tokens;
  std::int64_t keys;
  bool causal;
  std::int64_t window;
  std::vector<double> padding;  ///< empty: none
};

/// By the rule, key by key.
double expected(const Case& c, std::int64_t row, std::int64_t token, std::int64_t key) {
  const std::int64_t position = c.keys - c.tokens + token;
  const bool after = c.causal && key > position;
  const bool too_old = c.window > 0 && position - key > c.window - 1;
  const bool padding =
      !c.padding.empty() && key < static_cast<std::int64_t>(c.padding[static_cast<std::size_t>(row)]);
  return after || too_old || padding ? -std::numeric_limits<double>::infinity() : 0;
}

TEST(AttentionMask, FollowsTheRuleKeyByKey) {
  const std::vector<Case> cases{
      {5, 5, true, 0, {}},      {1, 9, true, 0, {}},      {3, 8, true, 0, {}},     {4, 6, false, 0, {}},
      {6, 6, true, 2, {}},      {2, 9, true, 4, {}},      {5, 5, true, 0, {0, 3}}, {2, 6, true, 3, {0, 5, 6}},
      {3, 3, false, 0, {1, 2}}, {4, 4, false, 2, {0, 4}}, {0, 4, true, 0, {}},     {3, 7, true, 100, {2}}};
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    for (const Case& c : cases) {
      const auto rows = static_cast<std::int64_t>(c.padding.size());
      const Tensor padding = rows == 0 ? Tensor() : tensor_from(c.padding, Dtype::int64, {rows});
      const Tensor mask = run_eager(BasicOp::attention_mask, {padding},
                                    {.dtype = dtype, .dims = {c.tokens, c.keys, c.causal ? 1 : 0, c.window}});
      ASSERT_EQ(mask.shape(), Shape({std::max<std::int64_t>(1, rows), 1, c.tokens, c.keys}));
      ASSERT_EQ(mask.dtype(), dtype);
      const std::vector<double> values = values_of(mask);
      std::size_t i = 0;
      for (std::int64_t row = 0; row < mask.size(0); ++row)
        for (std::int64_t token = 0; token < c.tokens; ++token)
          for (std::int64_t key = 0; key < c.keys; ++key)
            EXPECT_EQ(values[i++], expected(c, row, token, key)) << row << " " << token << " " << key;
    }
  }
}

TEST(AttentionMask, SizesThatDoNotFitAreNamed) {
  EXPECT_EQ(error_text([] {
              run_eager(BasicOp::attention_mask, {Tensor()}, {.dims = {5, 4, 1, 0}});
            }),
            "attention_mask: an undefined tensor: 5 tokens, 4 keys, window 0 do not fit together");
}

}  // namespace
}  // namespace bv2::test
