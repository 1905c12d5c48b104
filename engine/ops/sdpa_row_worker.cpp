// One thread's work on one block of query rows.
#include "engine/ops/sdpa_row_worker.h"

#include <algorithm>
#include <limits>

namespace bv2::engine {

RowScratch::RowScratch(std::int64_t head_dim, const RowLaneKernels& kernels, FloatArena& arena)
    : columns(round_up(head_dim, kernels.product_rows)),
      staging(arena.take(kernels.row_block * columns)),
      queries(arena.take(head_dim * kernels.row_block)),
      tile(arena.take(round_up(RowWorker::tile_keys, kernels.product_rows) * columns)),
      out(arena.take(columns * kernels.row_block)),
      max(arena.take(kernels.row_block)),
      sum(arena.take(kernels.row_block)),
      row_first(arena.take_integers(kernels.row_block).data()),
      row_last(arena.take_integers(kernels.row_block).data()) {}

RowWorker::RowWorker(const SdpaProblem& problem, FloatArena& arena)
    : problem_(problem),
      kernels_(row_lane_kernels()),
      row_kernels_(row_kernels()),
      scratch_(problem.head_dim, kernels_, arena) {}

SoftmaxState RowWorker::state() const {
  return {.max = scratch_.max,
          .sum = scratch_.sum,
          .out = scratch_.out,
          .rows = kernels_.row_block,
          .columns = scratch_.columns,
          .row_stride = 1,
          .column_stride = kernels_.row_block};
}

std::int64_t RowWorker::scores_size(std::int64_t keys) {
  const RowLaneKernels kernels = row_lane_kernels();
  return round_up(keys, kernels.product_rows) * kernels.row_block;
}

void RowWorker::start(const RowBlock& block) {
  block_ = block;
  vectors_ = static_cast<int>((block.rows + kernels_.lanes - 1) / kernels_.lanes);
  for (std::int64_t row = 0; row < kernels_.row_block; ++row) {
    // Lanes without a row see what the last row sees: their results are not used.
    const KeyRange range = problem_.visible(block.batch_index, block.begin + std::min(row, block.rows - 1));
    scratch_.row_first[row] = range.first;
    scratch_.row_last[row] = range.last;
  }
  std::fill_n(scratch_.max, kernels_.row_block, -std::numeric_limits<float>::infinity());
  std::fill_n(scratch_.sum, kernels_.row_block, 0.0F);
  std::fill_n(scratch_.out, scratch_.columns * kernels_.row_block, 0.0F);
}

void RowWorker::load_queries() {
  const std::int64_t lanes = vectors_ * kernels_.lanes;
  for (std::int64_t row = 0; row < lanes; ++row) {
    const std::byte* source = problem_.row_of(problem_.q, block_.batch_index, block_.kv_head,
                                              block_.begin + std::min(row, block_.rows - 1));
    row_kernels_.load(problem_.dtype, source, 0, 1, problem_.head_dim,
                      scratch_.staging + row * scratch_.columns, scratch_.columns);
  }
  row_kernels_.transpose(scratch_.staging, scratch_.columns, lanes, problem_.head_dim, scratch_.queries,
                         kernels_.row_block);
}

void RowWorker::score(std::int64_t first, std::int64_t last, float* scores) {
  const std::int64_t stride = problem_.k.strides()[2];
  for (std::int64_t key = first; key < last; key += tile_keys) {
    const std::int64_t count = std::min(tile_keys, last - key);
    const std::int64_t padded = round_up(count, kernels_.product_rows);
    const std::byte* source = problem_.key_of(problem_.k, block_.batch_index, block_.kv_head, key);
    row_kernels_.load(problem_.dtype, source, stride, count, problem_.head_dim, scratch_.tile,
                      scratch_.columns);
    std::fill_n(scratch_.tile + count * scratch_.columns, (padded - count) * scratch_.columns, 0.0F);
    kernels_.product({.a = scratch_.tile,
                      .a_row = scratch_.columns,
                      .a_step = 1,
                      .b = scratch_.queries,
                      .b_stride = kernels_.row_block,
                      .c = scores + (key - first) * kernels_.row_block,
                      .c_stride = kernels_.row_block,
                      .rows = padded,
                      .steps = problem_.head_dim,
                      .vectors = vectors_,
                      .accumulate = false});
  }
}

void RowWorker::softmax(std::int64_t first, std::int64_t last, float* scores) {
  kernels_.softmax({.scores = scores,
                    .stride = kernels_.row_block,
                    .first_key = first,
                    .keys = last - first,
                    .vectors = vectors_,
                    .row_first = scratch_.row_first,
                    .row_last = scratch_.row_last,
                    .unmasked = block_.unmasked,
                    .transform = problem_.transform,
                    .max = scratch_.max,
                    .sum = scratch_.sum,
                    .out = scratch_.out,
                    .columns = scratch_.columns});
}

void RowWorker::add_values(std::int64_t first, std::int64_t last, const float* powers) {
  const std::int64_t stride = problem_.v.strides()[2];
  for (std::int64_t key = first; key < last; key += tile_keys) {
    const std::int64_t count = std::min(tile_keys, last - key);
    const std::byte* source = problem_.key_of(problem_.v, block_.batch_index, block_.kv_head, key);
    row_kernels_.load(problem_.dtype, source, stride, count, problem_.head_dim, scratch_.tile,
                      scratch_.columns);
    kernels_.product({.a = scratch_.tile,
                      .a_row = 1,
                      .a_step = scratch_.columns,
                      .b = powers + (key - first) * kernels_.row_block,
                      .b_stride = kernels_.row_block,
                      .c = scratch_.out,
                      .c_stride = kernels_.row_block,
                      .rows = scratch_.columns,
                      .steps = count,
                      .vectors = vectors_,
                      .accumulate = true});
  }
}

void RowWorker::store() {
  row_kernels_.transpose(scratch_.out, kernels_.row_block, problem_.head_dim, block_.rows, scratch_.staging,
                         scratch_.columns);
  for (std::int64_t row = 0; row < block_.rows; ++row) {
    std::byte* destination =
        problem_.row_of(problem_.out, block_.batch_index, block_.kv_head, block_.begin + row);
    const float factor = scratch_.sum[row] == 0 ? 0.0F : 1 / scratch_.sum[row];
    row_kernels_.store(scratch_.staging + row * scratch_.columns, problem_.head_dim, factor, problem_.dtype,
                       destination);
  }
}

}  // namespace bv2::engine
