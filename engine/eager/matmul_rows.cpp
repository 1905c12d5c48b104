// Matrix products of few rows: b is streamed once from where it lies, the accumulators stay in registers.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/eager/matmul_rows.cpp"
// clang-format off
#include "engine/simd/targets.h"
#include "hwy/foreach_target.h"
// clang-format on
#include "engine/eager/product.h"
#include "engine/parallel.h"
#include "engine/simd/float_vectors-inl.h"

#ifndef BV2_ENGINE_EAGER_MATMUL_ROWS_ONCE
#define BV2_ENGINE_EAGER_MATMUL_ROWS_ONCE
namespace bv2::engine::eager {
namespace {

// Columns of c that are one unit of work: whole cache lines of c, and few enough to share out evenly.
constexpr std::int64_t columns_a_task = 64;

std::int64_t tasks_a_matrix(const Product& product) {
  return (product.n + columns_a_task - 1) / columns_a_task;
}

/// Of one matrix of the batch.
template <class T>
struct Matrices {
  const T* a;
  const T* b;
  T* c;
};

template <class T>
Matrices<T> matrices_at(const Product& product, std::int64_t batch) {
  const LoopNest& nest = product.batch;
  const std::int64_t inner = batch % nest.inner_size();
  const RowCursor cursor(nest, batch / nest.inner_size());
  const auto offset = [&](std::size_t operand) {
    return cursor.offset(operand) + inner * nest.inner_stride(operand);
  };
  return {reinterpret_cast<const T*>(product.a) + offset(1),
          reinterpret_cast<const T*>(product.b) + offset(2), reinterpret_cast<T*>(product.c) + offset(0)};
}

}  // namespace
}  // namespace bv2::engine::eager
#endif

HWY_BEFORE_NAMESPACE();
namespace bv2::engine::HWY_NAMESPACE {
namespace {

using FloatVec = hn::Vec<FloatTag>;
using eager::Matrices;
using eager::Product;

// Accumulators of one block of rows: as many as the registers hold beside the operands (32, or 16 before
// AVX-512).
#if HWY_TARGET <= HWY_AVX3
constexpr std::int64_t max_rows = 4;
constexpr int vectors_of(std::int64_t rows) { return rows <= 2 ? 8 : 4; }
#else
constexpr std::int64_t max_rows = 2;
constexpr int vectors_of(std::int64_t rows) { return rows == 1 ? 8 : 4; }
#endif

// ---- b as rows of k elements side by side (a transposed weight, the keys of a cache): dot products

// Four at a time, so that the sums across lanes share their shuffles.
constexpr int dots = 4;

/// The sums across the lanes of four vectors.
HWY_INLINE void sums_of_lanes(const FloatVec* v, float* sums) {
  const FloatTag d;
#if HWY_TARGET == HWY_SCALAR
  for (int i = 0; i < dots; ++i) sums[i] = hn::GetLane(v[i]);
  (void)d;
#else
  const auto v02 = hn::Add(hn::InterleaveLower(d, v[0], v[2]), hn::InterleaveUpper(d, v[0], v[2]));
  const auto v13 = hn::Add(hn::InterleaveLower(d, v[1], v[3]), hn::InterleaveUpper(d, v[1], v[3]));
  const auto blocks = hn::Add(hn::InterleaveLower(d, v02, v13), hn::InterleaveUpper(d, v02, v13));
  float lanes[hn::MaxLanes(FloatTag())];
  hn::StoreU(blocks, d, lanes);
  const hn::Full128<float> d4;
  auto sum = hn::LoadU(d4, lanes);
  for (std::size_t block = 4; block < hn::Lanes(d); block += 4)
    sum = hn::Add(sum, hn::LoadU(d4, lanes + block));
  hn::StoreU(sum, d4, sums);
#endif
}

/// c[0 .. rows)[0 .. 4), from rows of a and four rows of b. One row takes two steps at a time: eight chains
/// hide the latency of the additions.
template <std::int64_t rows, class T>
HWY_INLINE void dot_block(const Product& product, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                          T* HWY_RESTRICT c) {
  constexpr int steps = rows == 1 ? 2 : 1;
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  FloatVec sums[steps][rows][dots];
  for (int step = 0; step < steps; ++step)
    for (int row = 0; row < rows; ++row)
      for (int dot = 0; dot < dots; ++dot) sums[step][row][dot] = hn::Zero(d);
  std::int64_t k = 0;
  for (; k + steps * lanes <= product.k; k += steps * lanes) {
    for (int step = 0; step < steps; ++step) {
      FloatVec from_a[rows];
      for (int row = 0; row < rows; ++row)
        from_a[row] = load_floats(d, a + row * product.a_row + k + step * lanes);
      for (int dot = 0; dot < dots; ++dot) {
        const auto from_b = load_floats(d, b + dot * product.b_col + k + step * lanes);
        for (int row = 0; row < rows; ++row)
          sums[step][row][dot] = hn::MulAdd(from_a[row], from_b, sums[step][row][dot]);
      }
    }
  }
  for (; k < product.k; k += lanes) {
    const auto count = static_cast<std::size_t>(HWY_MIN(lanes, product.k - k));
    for (int row = 0; row < rows; ++row) {
      const auto from_a = load_some_floats(d, a + row * product.a_row + k, count);
      for (int dot = 0; dot < dots; ++dot) {
        const auto from_b = load_some_floats(d, b + dot * product.b_col + k, count);
        sums[0][row][dot] = hn::MulAdd(from_a, from_b, sums[0][row][dot]);
      }
    }
  }
  for (int row = 0; row < rows; ++row) {
    for (int dot = 0; dot < dots && steps == 2; ++dot)
      sums[0][row][dot] = hn::Add(sums[0][row][dot], sums[steps - 1][row][dot]);
    float results[dots];
    sums_of_lanes(sums[0][row], results);
    for (int dot = 0; dot < dots; ++dot) c[row * product.n + dot] = T(results[dot]);
  }
}

/// The last columns, fewer than four.
template <class T>
HWY_NOINLINE void dot_rest(const Product& product, const Matrices<T>& at, std::int64_t n, std::int64_t end) {
  const FloatTag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t row = 0; row < product.m; ++row) {
    for (std::int64_t column = n; column < end; ++column) {
      const T* const a = at.a + row * product.a_row;
      const T* const b = at.b + column * product.b_col;
      auto sum = hn::Zero(d);
      std::int64_t k = 0;
      for (; k + lanes <= product.k; k += lanes)
        sum = hn::MulAdd(load_floats(d, a + k), load_floats(d, b + k), sum);
      if (k < product.k) {
        const auto count = static_cast<std::size_t>(product.k - k);
        sum = hn::MulAdd(load_some_floats(d, a + k, count), load_some_floats(d, b + k, count), sum);
      }
      at.c[row * product.n + column] = T(hn::GetLane(hn::SumOfLanes(d, sum)));
    }
  }
}

template <class T>
void dot_task(const Product& product, const Matrices<T>& at, std::int64_t n, std::int64_t end) {
  for (; n + dots <= end; n += dots) {
    const T* const b = at.b + n * product.b_col;
    for (std::int64_t row = 0; row < product.m; row += max_rows) {
      const T* const a = at.a + row * product.a_row;
      T* const c = at.c + row * product.n + n;
      switch (HWY_MIN(product.m - row, max_rows)) {
        case 1:
          dot_block<1>(product, a, b, c);
          break;
        case 2:
          dot_block<2>(product, a, b, c);
          break;
        case 3:
          dot_block<HWY_MIN(max_rows, 3)>(product, a, b, c);
          break;
        default:
          dot_block<max_rows>(product, a, b, c);
          break;
      }
    }
  }
  if (n < end) dot_rest(product, at, n, end);
}

// ---- b as rows of n elements side by side (the values of a cache): sums of its rows, weighted by a

// Steps of k that a's numbers are converted for at a time.
constexpr std::int64_t k_block = 128;

/// c[0 .. rows)[0 .. vectors * lanes); the last vector has `in_last` columns.
template <std::int64_t rows, int vectors, class T>
HWY_INLINE void axpy_block(const Product& product, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                           T* HWY_RESTRICT c, std::size_t in_last) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  FloatVec sums[rows][vectors];
  for (int row = 0; row < rows; ++row)
    for (int vector = 0; vector < vectors; ++vector) sums[row][vector] = hn::Zero(d);
  float weights[rows][k_block];
  for (std::int64_t k0 = 0; k0 < product.k; k0 += k_block) {
    const std::int64_t count = HWY_MIN(k_block, product.k - k0);
    for (int row = 0; row < rows; ++row) {
      const T* const from = a + row * product.a_row + k0;
      std::size_t i = 0;
      for (; i + lanes <= static_cast<std::size_t>(count); i += lanes)
        hn::StoreU(load_floats(d, from + i), d, weights[row] + i);
      for (; i < static_cast<std::size_t>(count); ++i) weights[row][i] = static_cast<float>(from[i]);
    }
    for (std::int64_t k = 0; k < count; ++k) {
      const T* const from = b + (k0 + k) * product.b_row;
      for (int vector = 0; vector < vectors; ++vector) {
        const T* const p = from + static_cast<std::size_t>(vector) * lanes;
        const bool whole = vector + 1 < vectors || in_last == lanes;
        const auto from_b = whole ? load_floats(d, p) : load_some_floats(d, p, in_last);
        for (int row = 0; row < rows; ++row)
          sums[row][vector] = hn::MulAdd(hn::Set(d, weights[row][k]), from_b, sums[row][vector]);
      }
    }
  }
  for (int row = 0; row < rows; ++row) {
    for (int vector = 0; vector < vectors; ++vector) {
      T* const p = c + row * product.n + static_cast<std::size_t>(vector) * lanes;
      if (vector + 1 < vectors || in_last == lanes)
        store_floats(d, sums[row][vector], p);
      else
        store_some_floats(d, sums[row][vector], p, in_last);
    }
  }
}

template <std::int64_t rows, class T>
HWY_INLINE void axpy_columns(const Product& product, const T* a, const T* b, T* c, std::int64_t columns) {
  constexpr int vectors = vectors_of(rows);
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(FloatTag()));
  std::int64_t n = 0;
  for (; n + vectors * lanes <= columns; n += vectors * lanes)
    axpy_block<rows, vectors>(product, a, b + n, c + n, static_cast<std::size_t>(lanes));
  for (; n + 4 * lanes <= columns && vectors > 4; n += 4 * lanes)
    axpy_block<rows, 4>(product, a, b + n, c + n, static_cast<std::size_t>(lanes));
  for (; n < columns; n += lanes)
    axpy_block<rows, 1>(product, a, b + n, c + n, static_cast<std::size_t>(HWY_MIN(lanes, columns - n)));
}

template <class T>
void axpy_task(const Product& product, const Matrices<T>& at, std::int64_t n, std::int64_t end) {
  for (std::int64_t row = 0; row < product.m; row += max_rows) {
    const T* const a = at.a + row * product.a_row;
    T* const c = at.c + row * product.n + n;
    switch (HWY_MIN(product.m - row, max_rows)) {
      case 1:
        axpy_columns<1>(product, a, at.b + n, c, end - n);
        break;
      case 2:
        axpy_columns<2>(product, a, at.b + n, c, end - n);
        break;
      case 3:
        axpy_columns<HWY_MIN(max_rows, 3)>(product, a, at.b + n, c, end - n);
        break;
      default:
        axpy_columns<max_rows>(product, a, at.b + n, c, end - n);
        break;
    }
  }
}

template <class T>
void multiply_tasks_of(const Product& product, std::int64_t begin, std::int64_t end) {
  const std::int64_t in_matrix = eager::tasks_a_matrix(product);
  for (std::int64_t task = begin; task < end; ++task) {
    const Matrices<T> at = eager::matrices_at<T>(product, task / in_matrix);
    const std::int64_t n = task % in_matrix * eager::columns_a_task;
    const std::int64_t n_end = HWY_MIN(n + eager::columns_a_task, product.n);
    if (product.b_row == 1)
      dot_task(product, at, n, n_end);
    else
      axpy_task(product, at, n, n_end);
  }
}

void multiply_tasks(const Product& product, std::int64_t begin, std::int64_t end) {
  switch (product.dtype) {
    case Dtype::bfloat16:
      return multiply_tasks_of<BFloat16>(product, begin, end);
    case Dtype::float16:
      return multiply_tasks_of<Float16>(product, begin, end);
    default:
      return multiply_tasks_of<float>(product, begin, end);
  }
}

}  // namespace
}  // namespace bv2::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bv2::engine {
HWY_EXPORT(multiply_tasks);
namespace eager {
namespace {

// Multiplications that a thread should have at least.
constexpr std::int64_t grain_multiplications = 64 << 10U;

}  // namespace

void multiply_rows(const Product& product) {
  const std::int64_t tasks = product.batch.count * tasks_a_matrix(product);
  const std::int64_t a_task = product.m * product.k * std::min(product.n, columns_a_task);
  parallel_for(tasks, std::max<std::int64_t>(1, grain_multiplications / a_task), 1,
               [&](std::int64_t begin, std::int64_t end) {
                 HWY_DYNAMIC_DISPATCH(multiply_tasks)(product, begin, end);
               });
}

}  // namespace eager
}  // namespace bv2::engine
#endif  // HWY_ONCE
