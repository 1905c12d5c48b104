// The packed layout: there and back, and where oneDNN expects each number.
#include "engine/kernels/panels.h"

#include <gtest/gtest.h>

#include <dnnl.hpp>
#include <random>

#include "support/kernels.h"

namespace bv2::engine {
namespace {

constexpr Dtype dtypes[]{Dtype::float32, Dtype::bfloat16, Dtype::float16};

TEST(Panels, UnpackToWhatWasPacked) {
  std::mt19937_64 random(1);
  for (const Dtype dtype : dtypes) {
    for (const Shape& shape : {Shape{1, 1}, Shape{64, 32}, Shape{65, 33}, Shape{200, 7}, Shape{63, 100}}) {
      const Tensor weight = test::random_tensor(random, dtype, shape);
      const Tensor there = packed(weight);
      EXPECT_FALSE(there.is_plain());
      EXPECT_EQ(there.shape(), shape);
      EXPECT_EQ(test::values_of(unpacked(there)), test::values_of(weight)) << to_string(shape);
    }
  }
}

TEST(Panels, PackTransposedWeights) {
  std::mt19937_64 random(1);
  const Tensor weight = test::random_tensor(random, Dtype::bfloat16, {33, 70}).transpose(0, 1);
  EXPECT_EQ(test::values_of(unpacked(packed(weight))), test::values_of(weight));
}

TEST(Panels, AreOneDnnsBlockedLayout) {
  std::mt19937_64 random(1);
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  struct Layout {
    Dtype dtype;
    dnnl::memory::data_type type;
    dnnl::memory::format_tag tag;
  };
  for (const auto& [dtype, type, tag] :
       {Layout{Dtype::float32, dnnl::memory::data_type::f32, dnnl::memory::format_tag::BA16a64b},
        Layout{Dtype::bfloat16, dnnl::memory::data_type::bf16, dnnl::memory::format_tag::BA16a64b2a}}) {
    for (const Shape& shape : {Shape{64, 32}, Shape{65, 33}, Shape{200, 100}}) {
      const Tensor weight = test::random_tensor(random, dtype, shape);
      const Tensor ours = packed(weight);
      const dnnl::memory::desc plain({shape[1], shape[0]}, type, dnnl::memory::format_tag::ba);
      const dnnl::memory::desc blocked({shape[1], shape[0]}, type, tag);
      ASSERT_EQ(blocked.get_size(), packed_size_bytes(weight));
      std::vector<std::byte> theirs(blocked.get_size());
      dnnl::memory from(plain, engine, weight.raw());
      dnnl::memory to(blocked, engine, theirs.data());
      dnnl::reorder(from, to).execute(stream, from, to);
      stream.wait();
      EXPECT_EQ(std::memcmp(theirs.data(), panels_of(ours).data, theirs.size()), 0) << to_string(shape);
    }
  }
}

TEST(Panels, RefuseToBeReadAsPlain) {
  const Tensor weight = packed(Tensor(Dtype::float32, {64, 16}));
  EXPECT_THROW(static_cast<void>(weight.raw()), Error);
  EXPECT_THROW(static_cast<void>(weight.span<float>()), Error);
  EXPECT_THROW(panels_of(Tensor(Dtype::float32, {64, 16})), Error);
}

}  // namespace
}  // namespace bv2::engine
