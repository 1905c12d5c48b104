// One thread's work on one block of query rows.
#include "engine/ops/sdpa_row_worker.h"

#include <algorithm>
#include <limits>

namespace bv2::engine {

RowScratch::RowScratch(std::int64_t head_dim, const RowLaneKernels& kernels, FloatArena& arena)
    : columns(round_up(head_dim, kernels.product_rows)),
      words((head_dim + kernels.steps_per_word - 1) / kernels.steps_per_word),
      staging(arena.take(kernels.row_block * columns)),
      queries(arena.take(words * kernels.row_block)),
      tile(arena.take(round_up(RowWorker::tile_keys, kernels.product_rows) * columns)),
      out(arena.take(columns * kernels.row_block)),
      max(arena.take(kernels.row_block)),
      sum(arena.take(kernels.row_block)),
      row_first(arena.take_integers(kernels.row_block).data()),
      row_last(arena.take_integers(kernels.row_block).data()) {}

RowWorker::RowWorker(const SdpaProblem& problem, const RowLaneKernels& kernels, FloatArena& arena)
    : problem_(problem),
      kernels_(kernels),
      row_kernels_(row_kernels()),
      scratch_(problem.head_dim, kernels_, arena),
      is_laid_out_(problem.dtype == (kernels.steps_per_word == 2 ? Dtype::bfloat16 : Dtype::float32)) {}

SoftmaxState RowWorker::state() const {
  return {.max = scratch_.max,
          .sum = scratch_.sum,
          .out = scratch_.out,
          .rows = kernels_.row_block,
          .columns = scratch_.columns,
          .row_stride = 1,
          .column_stride = kernels_.row_block};
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
    kernels_.load_steps(problem_.dtype, source, 0, 1, problem_.head_dim,
                        scratch_.staging + row * scratch_.words, scratch_.words);
  }
  row_kernels_.transpose(scratch_.staging, scratch_.words, lanes, scratch_.words, scratch_.queries,
                         kernels_.row_block);
}

RowWorker::Operand RowWorker::keys_at(std::int64_t key, std::int64_t count) {
  const std::byte* source = problem_.key_of(problem_.k, block_.batch_index, block_.kv_head, key);
  const std::int64_t stride = problem_.k.strides()[2];
  const std::int64_t per_word = kernels_.steps_per_word;
  const bool whole = count % kernels_.product_rows == 0;
  if (is_laid_out_ && whole && problem_.head_dim % per_word == 0 && stride % per_word == 0) {
    return {.data = source, .stride = stride / per_word};
  }
  kernels_.load_steps(problem_.dtype, source, stride, count, problem_.head_dim, scratch_.tile,
                      scratch_.words);
  const std::int64_t padded = round_up(count, kernels_.product_rows);
  std::fill_n(scratch_.tile + count * scratch_.words, (padded - count) * scratch_.words, 0.0F);
  return {.data = scratch_.tile, .stride = scratch_.words};
}

RowWorker::Operand RowWorker::values_at(std::int64_t key, std::int64_t count) {
  const std::byte* source = problem_.key_of(problem_.v, block_.batch_index, block_.kv_head, key);
  const std::int64_t stride = problem_.v.strides()[2];
  if (is_laid_out_ && kernels_.steps_per_word == 1 && problem_.head_dim == scratch_.columns) {
    return {.data = source, .stride = stride};
  }
  kernels_.load_step_rows(problem_.dtype, source, stride, count, problem_.head_dim, scratch_.tile,
                          scratch_.columns);
  return {.data = scratch_.tile, .stride = scratch_.columns};
}

void RowWorker::score(std::int64_t first, std::int64_t last, float* scores) {
  for (std::int64_t key = first; key < last; key += tile_keys) {
    const std::int64_t count = std::min(tile_keys, last - key);
    const Operand keys = keys_at(key, count);
    kernels_.product({.a = keys.data,
                      .a_row = keys.stride,
                      .a_step = 1,
                      .b = scratch_.queries,
                      .b_stride = kernels_.row_block,
                      .c = scores + (key - first) * kernels_.row_block,
                      .c_stride = kernels_.row_block,
                      .rows = round_up(count, kernels_.product_rows),
                      .steps = scratch_.words,
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
                    .columns = scratch_.columns,
                    .pairs = kernels_.steps_per_word == 2});
}

void RowWorker::add_values(std::int64_t first, std::int64_t last, const float* powers) {
  const std::int64_t per_word = kernels_.steps_per_word;
  for (std::int64_t key = first; key < last; key += tile_keys) {
    const std::int64_t count = std::min(tile_keys, last - key);
    const Operand values = values_at(key, count);
    kernels_.product({.a = values.data,
                      .a_row = 1,
                      .a_step = values.stride,
                      .b = powers + (key - first) / per_word * kernels_.row_block,
                      .b_stride = kernels_.row_block,
                      .c = scratch_.out,
                      .c_stride = kernels_.row_block,
                      .rows = scratch_.columns,
                      .steps = (count + per_word - 1) / per_word,
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
