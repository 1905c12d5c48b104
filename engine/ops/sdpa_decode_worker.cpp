// One thread's work on few query rows of one key/value head.
#include "engine/ops/sdpa_decode_worker.h"

#include <algorithm>
#include <limits>

namespace bv2::engine {

static_assert(DecodeWorker::key_block % 16 == 0);

DecodeScratch::DecodeScratch(std::int64_t head_dim, std::int64_t rows, const DecodeKernels& kernels,
                             FloatArena& arena)
    : width(round_up(head_dim, kernels.lanes)),
      queries(arena.take(rows * width)),
      scores(arena.take(rows * DecodeWorker::key_block)),
      out(arena.take(rows * width)),
      max(arena.take(rows)),
      sum(arena.take(rows)),
      ranges(reinterpret_cast<KeyRange*>(arena.take(2 * rows))),
      keys(arena.take(width == head_dim ? 0 : DecodeWorker::key_block * width)),
      values(arena.take(width == head_dim ? 0 : DecodeWorker::key_block * width)) {}

DecodeWorker::DecodeWorker(const SdpaProblem& problem, FloatArena& arena)
    : problem_(problem),
      kernels_(decode_kernels()),
      row_kernels_(row_kernels()),
      scratch_(problem.head_dim, problem.rows(), kernels_, arena) {}

void DecodeWorker::start(const RowBlock& block) {
  block_ = block;
  for (std::int64_t row = 0; row < block.rows; ++row) {
    scratch_.ranges[row] = problem_.visible(block.batch_index, row);
  }
  std::fill_n(scratch_.max, block.rows, -std::numeric_limits<float>::infinity());
  std::fill_n(scratch_.sum, block.rows, 0.0F);
  std::fill_n(scratch_.out, block.rows * scratch_.width, 0.0F);
}

void DecodeWorker::load_queries() {
  for (std::int64_t row = 0; row < block_.rows; ++row) {
    row_kernels_.load(problem_.dtype, problem_.row_of(problem_.q, block_.batch_index, block_.kv_head, row), 0,
                      1, problem_.head_dim, scratch_.queries + row * scratch_.width, scratch_.width);
  }
}

void DecodeWorker::step(std::int64_t first, std::int64_t last) {
  DecodeStep step{.dtype = problem_.dtype,
                  .keys = problem_.key_of(problem_.k, block_.batch_index, block_.kv_head, first),
                  .values = problem_.key_of(problem_.v, block_.batch_index, block_.kv_head, first),
                  .key_stride = problem_.k.strides()[2],
                  .value_stride = problem_.v.strides()[2],
                  .first_key = first,
                  .key_count = last - first,
                  .width = scratch_.width,
                  .rows = block_.rows,
                  .ranges = scratch_.ranges,
                  .queries = scratch_.queries,
                  .transform = problem_.transform,
                  .scores = scratch_.scores,
                  .scores_stride = key_block,
                  .max = scratch_.max,
                  .sum = scratch_.sum,
                  .out = scratch_.out};
  if (scratch_.width != problem_.head_dim) {  // whole vectors would read past a row
    row_kernels_.load(step.dtype, step.keys, step.key_stride, step.key_count, problem_.head_dim,
                      scratch_.keys, scratch_.width);
    row_kernels_.load(step.dtype, step.values, step.value_stride, step.key_count, problem_.head_dim,
                      scratch_.values, scratch_.width);
    step.dtype = Dtype::float32;
    step.keys = reinterpret_cast<const std::byte*>(scratch_.keys);
    step.values = reinterpret_cast<const std::byte*>(scratch_.values);
    step.key_stride = scratch_.width;
    step.value_stride = scratch_.width;
  }
  kernels_.step(step);
}

void DecodeWorker::store() {
  for (std::int64_t row = 0; row < block_.rows; ++row) {
    const float factor = scratch_.sum[row] == 0 ? 0.0F : 1 / scratch_.sum[row];
    row_kernels_.store(scratch_.out + row * scratch_.width, problem_.head_dim, factor, problem_.dtype,
                       problem_.row_of(problem_.out, block_.batch_index, block_.kv_head, row));
  }
}

SoftmaxState DecodeWorker::state() const {
  return {.max = scratch_.max,
          .sum = scratch_.sum,
          .out = scratch_.out,
          .rows = problem_.rows(),
          .columns = scratch_.width,
          .row_stride = scratch_.width,
          .column_stride = 1};
}

}  // namespace bv2::engine
