// Fitting sizes, and refusing forwards that are no single graph.
#include "engine/compiled/generalise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/compiled/trace.h"
#include "engine/ops/basic.h"
#include "support/error_text.h"

namespace bv2::engine::compiled {
namespace {

const Expression batch = Symbol::batch;
const Expression tokens = Symbol::tokens;
const Expression past = Symbol::past;
const SampleGrid grid{.values = {{{2, 3}, {5, 6, 7}, {11, 12}, {37}}}};

TEST(Generalise, FindsThePolynomial) {
  for (const Expression& expression : {Expression(64), tokens * tokens + tokens * past,
                                       batch * tokens * 576 - past + 3, past * Expression(-2)}) {
    std::vector<std::int64_t> values;
    for (const Sizes& sizes : grid.points()) values.push_back(expression.at(sizes));
    EXPECT_EQ(fitted(grid, values), expression) << to_string(expression);
  }
}

TEST(Generalise, RefusesWhatIsNoPolynomialOfIntegers) {
  std::vector<std::int64_t> triangular;
  for (const Sizes& sizes : grid.points()) triangular.push_back(sizes.tokens * (sizes.tokens + 1) / 2);
  EXPECT_THROW((void)fitted(grid, triangular), Error);
}

Graph trace_of(const TracedForward& forward) { return trace("test", {}, AttentionPath::eager, forward); }

TEST(Trace, FindsSizesThatFollowFromTheSymbols) {
  const Graph graph = trace_of([](Context& context, Tracer& tracer, const Sizes& sizes) {
    const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch, sizes.tokens + sizes.past, 4});
    const Tensor flat = reshape(context, x, {-1, 4});
    return std::vector{add_scalar(context, slice(context, flat, 0, sizes.past, flat.size(0)), 1)};
  });
  EXPECT_EQ(to_text(graph),
            "graph test\n"
            "  %0 = input x float32 [batch, tokens + past, 4]\n"
            "  %1 float32 [batch*tokens + batch*past - past, 4] = add_scalar(%0[batch*tokens + batch*past - "
            "past, 4 "
            ": 4, 1 @ 4*past], 1)\n"
            "results %1\n");
}

TEST(Trace, SaysWhatCannotBeTraced) {
  const auto error_of = [](const TracedForward& forward) {
    return test::error_text([&] { (void)trace_of(forward); });
  };
  EXPECT_THAT(error_of([](Context& context, Tracer& tracer, const Sizes& sizes) {
                const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch});
                return std::vector{sizes.batch == 2 ? neg(context, x) : exp(context, x)};
              }),
              testing::HasSubstr("another one at other sizes"));
  EXPECT_THAT(error_of([](Context& context, Tracer& tracer, const Sizes& sizes) {
                const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch});
                return std::vector{add(context, x, Tensor(Dtype::float32, {1}))};
              }),
              testing::HasSubstr("is made by the forward itself"));
  EXPECT_THAT(error_of([](Context&, Tracer& tracer, const Sizes& sizes) {
                const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch});
                return std::vector{x.data<float>()[0] > 0 ? x : Tensor()};
              }),
              testing::HasSubstr("was read while its values were not there"));
  // Beyond a size that no sample reached the numbers follow another rule.
  EXPECT_THAT(
      error_of([](Context& context, Tracer& tracer, const Sizes& sizes) {
        const Tensor x = tracer.input("x", Dtype::float32, {sizes.tokens});
        return std::vector{neg(context, slice(context, x, 0, 0, std::min<std::int64_t>(sizes.tokens, 16)))};
      }),
      testing::HasSubstr("was foretold"));
}

}  // namespace
}  // namespace bv2::engine::compiled
