// Look-ups in a table.
#include <gtest/gtest.h>

#include "support/error_text.h"
#include "support/run_eager.h"
#include "support/targets.h"
#include "support/values.h"

namespace bv2::test {
namespace {

using engine::BasicOp;
using engine::Shape;
using engine::Tensor;

Tensor take(const Tensor& table, const Tensor& ids) { return run_eager(BasicOp::take_rows, {table, ids}); }

TEST(TakeRows, EachIdGivesItsRow) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    const Tensor table = random_tensor(random, dtype, {11, 7});
    const Tensor rows = take(table, tensor_from({3, 0, 10, 3, 3, 1}, Dtype::int64, {2, 3}));
    EXPECT_EQ(rows.shape(), Shape({2, 3, 7}));
    EXPECT_EQ(rows.dtype(), dtype);
    const Tensor flat = rows.reshape({6, 7});
    std::int64_t position = 0;
    for (const std::int64_t id : {3, 0, 10, 3, 3, 1}) {
      EXPECT_EQ(values_of(flat.slice(0, position, position + 1)), values_of(table.slice(0, id, id + 1)));
      ++position;
    }
  }
}

TEST(TakeRows, TablesAndIdsMayBeViews) {
  std::mt19937_64 random(2);
  const Tensor x = random_tensor(random, Dtype::bfloat16, {8, 12});
  const Tensor ids = tensor_from({1, 4, 2, 5, 3, 0}, Dtype::int64, {2, 3}).transpose(0, 1);
  for (const Tensor& table : {x.slice(1, 2, 9), x.transpose(0, 1), x.slice(1, 3, 4)}) {
    const Tensor rows = take(table, ids);
    const std::vector<double> order{1, 5, 4, 3, 2, 0};
    EXPECT_EQ(values_of(rows), values_of(take(run_eager(BasicOp::contiguous, {table}),
                                              tensor_from(order, Dtype::int64, {3, 2}))));
  }
}

TEST(TakeRows, ManyRowsOnThreads) {
  std::mt19937_64 random(3);
  const Tensor table = random_tensor(random, Dtype::float32, {100, 640});
  std::vector<double> ids(500);
  for (double& id : ids) id = static_cast<double>(random() % 100);
  const Tensor wanted = tensor_from(ids, Dtype::int64, {500});
  std::vector<double> alone;
  {
    const ThreadCount one(1);
    alone = values_of(take(table, wanted));
  }
  const ThreadCount three(3);
  EXPECT_EQ(values_of(take(table, wanted)), alone);
}

TEST(TakeRows, NoIdsAndNoColumns) {
  EXPECT_EQ(take(Tensor(Dtype::float32, {5, 3}), Tensor(Dtype::int64, {2, 0})).shape(), Shape({2, 0, 3}));
  EXPECT_EQ(take(Tensor(Dtype::float32, {5, 0}), tensor_from({1}, Dtype::int64, {1})).shape(), Shape({1, 0}));
}

TEST(TakeRows, AnIdOutsideOfTheTableIsNamed) {
  const Tensor table(Dtype::float32, {5, 3});
  EXPECT_EQ(error_text([&] {
              take(table, tensor_from({0, 5}, Dtype::int64, {2}));
            }),
            "take_rows: the id 5 is outside of the table [5, 3]");
  EXPECT_EQ(error_text([&] { take(table, tensor_from({-1}, Dtype::int64, {1})); }),
            "take_rows: the id -1 is outside of the table [5, 3]");
}

}  // namespace
}  // namespace bv2::test
