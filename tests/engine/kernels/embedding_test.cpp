// Look-ups in plain and packed tables.
#include <gtest/gtest.h>

#include <random>

#include "engine/kernels/panels.h"
#include "support/kernels.h"

namespace bv2::engine {
namespace {

Tensor ids_of(const std::vector<std::int64_t>& ids, const Shape& shape) {
  return tensor_of<std::int64_t>(ids, shape);
}

TEST(EmbeddingKernel, EqualsItsDefinition) {
  std::mt19937_64 random(1);
  test::ReferenceContext reference;
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    for (const double scale : {1.0, 24.0}) {
      const Tensor table = test::random_tensor(random, dtype, {130, 33});
      const Tensor ids = ids_of({0, 129, 64, 63, 7, 7}, {2, 3});
      const Embedding op{scale};
      const Tensor expected = op.define(reference.context, ids, table);
      for (const Tensor& held : {table, packed(table)}) {
        const int calls = test::for_each_kernel(
            dtype, op,
            [&](const Tensor& found, const std::string& how) {
              EXPECT_EQ(found.shape(), (Shape{2, 3, 33}));
              EXPECT_EQ(test::values_of(found), test::values_of(expected)) << how;
            },
            ids, held);
        EXPECT_GT(calls, 0);
      }
    }
  }
}

TEST(EmbeddingKernel, NamesAnIdOutsideTheTable) {
  const Tensor table = packed(Tensor(Dtype::float32, {130, 33}));
  for (const std::int64_t id : {std::int64_t{-1}, std::int64_t{130}}) {
    try {
      test::for_each_kernel(
          Dtype::float32, Embedding{}, [](const Tensor&, const std::string&) {}, ids_of({id}, {1, 1}), table);
      FAIL() << "id " << id << " was looked up";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(fmt::format("token id {}", id)), std::string::npos)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace bv2::engine
