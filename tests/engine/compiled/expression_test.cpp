#include "engine/compiled/expression.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

const Expression batch = Symbol::batch;
const Expression tokens = Symbol::tokens;
const Expression past = Symbol::past;

TEST(Expression, EqualPolynomialsAreEqualHoweverTheyWereMade) {
  EXPECT_EQ((past + tokens) * batch, batch * tokens + past * batch);
  EXPECT_EQ(past + tokens - past, tokens);
  EXPECT_EQ(batch - batch, Expression(0));
  EXPECT_NE(batch * 2, batch * 3);
}

TEST(Expression, IsEvaluatedAtSizes) {
  const Sizes sizes{.batch = 3, .tokens = 5, .past = 7, .capacity = 100};
  EXPECT_EQ((batch * tokens * 4 + past - 1).at(sizes), 66);
  EXPECT_EQ((tokens * tokens).at(sizes), 25);
  EXPECT_EQ(Expression(0).at(sizes), 0);
  EXPECT_EQ((past * Expression(-1)).at(sizes), -7);
}

TEST(Expression, IsPrintedHighestPowersFirst) {
  EXPECT_EQ(to_string(past + batch * tokens * 576 - 1), "576*batch*tokens + past - 1");
  EXPECT_EQ(to_string(Expression(0)), "0");
  EXPECT_EQ(to_string(past * Expression(-1)), "-past");
  EXPECT_EQ(to_string(tokens * tokens), "tokens*tokens");
}

TEST(Expression, KnowsNumbers) {
  EXPECT_TRUE((batch - batch + 4).is_number(4));
  EXPECT_FALSE(batch.is_number());
  EXPECT_TRUE(Expression().is_number(0));
  EXPECT_THROW((void)batch.value(), Error);
}

TEST(Expression, ProductsOfNothingAreOne) {
  EXPECT_EQ(product({}), Expression(1));
  EXPECT_EQ(product({batch, tokens, 2}), batch * tokens * 2);
}

}  // namespace
}  // namespace bv2::engine::compiled
