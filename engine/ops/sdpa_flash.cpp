// Flash attention: blocked over queries and keys with an online softmax, and keys split over threads where
// there are few blocks (Dao 2023, "FlashAttention-2"; Flash-Decoding).
#include <algorithm>
#include <array>

#include "engine/ops/sdpa.h"
#include "engine/ops/sdpa_decode_worker.h"
#include "engine/ops/sdpa_row_worker.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

constexpr std::int64_t tasks_per_thread = 4;  // from which on sharing out whole tasks is even enough

double evenness(std::int64_t tasks, std::int64_t threads) {
  const std::int64_t rounds = (tasks + threads - 1) / threads;
  return static_cast<double>(tasks) / static_cast<double>(rounds * threads);
}

std::int64_t choose_splits(std::int64_t tasks, std::int64_t keys, std::int64_t min_keys,
                           std::int64_t threads) {
  std::int64_t best = 1;
  for (std::int64_t splits = 2; splits * min_keys <= keys && tasks * best < tasks_per_thread * threads;
       ++splits) {
    if (evenness(tasks * splits, threads) > evenness(tasks * best, threads) + 0.05) best = splits;
    if (evenness(tasks * best, threads) == 1) break;
  }
  return best;
}

/// One thread's state, and keys of a block one after another.
class RowFlash {
 public:
  static constexpr std::int64_t key_block = RowWorker::tile_keys;

  RowFlash(const SdpaProblem& problem, FloatArena& arena)
      : worker_(problem, row_lane_kernels(problem.dtype), arena),
        scores_(arena.take(RowWorker::scores_size(row_lane_kernels(problem.dtype), key_block))) {}
  void start(const RowBlock& block) { worker_.start(block); }
  void run(std::int64_t first, std::int64_t last) {
    worker_.load_queries();
    for (std::int64_t key = first; key < last; key += key_block) {
      const std::int64_t end = std::min(key + key_block, last);
      worker_.score(key, end, scores_);
      worker_.softmax(key, end, scores_);
      worker_.add_values(key, end, scores_);
    }
  }
  void store() { worker_.store(); }
  [[nodiscard]] SoftmaxState state() const { return worker_.state(); }

 private:
  RowWorker worker_;
  float* scores_;
};

class DecodeFlash {
 public:
  static constexpr std::int64_t key_block = DecodeWorker::key_block;

  DecodeFlash(const SdpaProblem& problem, FloatArena& arena) : worker_(problem, arena) {}
  void start(const RowBlock& block) { worker_.start(block); }
  void run(std::int64_t first, std::int64_t last) {
    worker_.load_queries();
    for (std::int64_t key = first; key < last; key += key_block)
      worker_.step(key, std::min(key + key_block, last));
  }
  void store() { worker_.store(); }
  [[nodiscard]] SoftmaxState state() const { return worker_.state(); }

 private:
  DecodeWorker worker_;
};

std::int64_t floats_of_a_thread(const FlashShape& shape, bool row_lanes) {
  FloatArena measure(nullptr);
  if (row_lanes) {
    const RowLaneKernels kernels = row_lane_kernels(shape.dtype);
    const RowScratch measured(shape.head_dim, kernels, measure);
    measure.take(RowWorker::scores_size(kernels, RowFlash::key_block));
  } else {
    const std::int64_t rows = shape.tokens * shape.heads / shape.kv_heads;
    const DecodeScratch measured(shape.head_dim, rows, decode_kernels(), measure);
  }
  return measure.used();
}

/// Floats of one saved state.
std::int64_t floats_of_a_part(const FlashShape& shape, const FlashPlan& plan) {
  const std::int64_t multiple = plan.row_lanes ? row_lane_kernels().product_rows : decode_kernels().lanes;
  return plan.row_block * (2 + round_up(shape.head_dim, multiple));
}

FlashShape shape_of(const SdpaProblem& problem) {
  return {.batch = problem.batch,
          .heads = problem.heads,
          .kv_heads = problem.kv_heads,
          .tokens = problem.tokens,
          .keys = problem.keys,
          .head_dim = problem.head_dim,
          .dtype = problem.dtype};
}

/// One call, planned, in memory for all threads and parts.
struct FlashJob {
  FlashJob(const SdpaProblem& of, int threads)
      : problem(of),
        shape(shape_of(of)),
        plan(plan_flash(shape, threads)),
        blocks(row_block_count(problem, plan.row_block)),
        thread_floats(floats_of_a_thread(shape, plan.row_lanes)),
        part_floats(floats_of_a_part(shape, plan)) {}

  const SdpaProblem& problem;
  FlashShape shape;
  FlashPlan plan;
  std::int64_t blocks;
  std::int64_t thread_floats;
  std::int64_t part_floats;
};

/// One thread's part. take(count, body) calls body(task) for this thread's tasks of [0, count); wait()
/// returns when all threads are there.
template <class Worker, class Take, class Wait>
void run_part(const FlashJob& job, float* memory, std::int64_t thread, std::int64_t threads, const Take& take,
              const Wait& wait) {
  const std::int64_t splits = job.plan.splits;
  float* parts = memory + threads * job.thread_floats;  // [blocks, splits]
  FloatArena arena(memory + thread * job.thread_floats);
  Worker worker(job.problem, arena);
  take(job.blocks * splits, [&](std::int64_t task) {
    const RowBlock block = row_block_at(job.problem, job.plan.row_block, task / splits);
    const std::int64_t split = task % splits;
    const std::int64_t seen = block.seen.last - block.seen.first;
    const std::int64_t first = block.seen.first + seen * split / splits;
    const std::int64_t last = block.seen.first + seen * (split + 1) / splits;
    worker.start(block);
    if (first < last) worker.run(first, last);
    if (splits == 1)
      worker.store();
    else
      worker.state().save(parts + task * job.part_floats);
  });
  if (splits == 1) return;
  wait();
  take(job.blocks, [&](std::int64_t index) {
    worker.start(row_block_at(job.problem, job.plan.row_block, index));
    worker.state().merge(parts + index * splits * job.part_floats, splits);
    worker.store();
  });
}

template <class Take, class Wait>
void run_part(const FlashJob& job, float* memory, std::int64_t thread, std::int64_t threads, const Take& take,
              const Wait& wait) {
  if (job.plan.row_lanes) return run_part<RowFlash>(job, memory, thread, threads, take, wait);
  run_part<DecodeFlash>(job, memory, thread, threads, take, wait);
}

}  // namespace

FlashPlan plan_flash(const FlashShape& shape, int threads) {
  const std::int64_t rows = shape.tokens * shape.heads / shape.kv_heads;
  FlashPlan plan;
  plan.row_lanes = rows > decode_kernels().max_rows;
  plan.row_block = plan.row_lanes ? row_lane_kernels().row_block : rows;
  plan.row_blocks = (rows + plan.row_block - 1) / plan.row_block;
  plan.key_block = plan.row_lanes ? RowFlash::key_block : DecodeFlash::key_block;
  const std::int64_t tasks = shape.batch * shape.kv_heads * plan.row_blocks;
  const std::int64_t min_keys = plan.row_lanes ? 2 * RowFlash::key_block : DecodeFlash::key_block / 2;
  plan.splits = choose_splits(tasks, shape.keys, min_keys, threads);
  const std::int64_t parts = plan.splits > 1 ? tasks * plan.splits * floats_of_a_part(shape, plan) : 0;
  const std::int64_t floats = threads * floats_of_a_thread(shape, plan.row_lanes) + parts;
  plan.scratch_bytes = static_cast<std::size_t>(floats) * sizeof(float);
  return plan;
}

void sdpa_flash(const SdpaProblem& problem) {
  const std::int64_t threads = thread_count();
  const FlashJob job(problem, static_cast<int>(threads));
  const Storage scratch(job.plan.scratch_bytes);
  auto* memory = reinterpret_cast<float*>(scratch.data());
  std::array<SharedTasks, 2> lists{SharedTasks(job.blocks * job.plan.splits), SharedTasks(job.blocks)};
  on_team(threads, [&](const TeamThread& thread) {
    auto list = lists.begin();
    const auto take = [&](std::int64_t, const auto& body) { (list++)->take(body); };
    run_part(job, memory, thread.index, threads, take, team_barrier);
  });
}

std::size_t flash_part_scratch_bytes(const FlashShape& shape, int threads) {
  const FlashPlan plan = plan_flash(shape, threads);
  const std::int64_t tasks = shape.batch * shape.kv_heads * plan.row_blocks;
  // Fewer keys may be split into more parts than the most keys are; this is beyond what choose_splits accepts.
  const std::int64_t parts = (tasks_per_thread + 1) * threads + 2 * tasks;
  const std::int64_t floats =
      threads * floats_of_a_thread(shape, plan.row_lanes) + parts * floats_of_a_part(shape, plan);
  return static_cast<std::size_t>(floats) * sizeof(float);
}

void flash_attention_part(const Attention& attention, const Tensor& q, const Tensor& k, const Tensor& v,
                          const Tensor& padding, const Tensor& out, std::span<std::byte> scratch,
                          const TeamPart& part) {
  const SdpaProblem problem(attention, q, k, v, padding, out);
  const FlashJob job(problem, static_cast<int>(part.threads));
  if (job.plan.scratch_bytes > scratch.size())
    fail("flash attention needs {} bytes and was given {}", job.plan.scratch_bytes, scratch.size());
  const auto take = [&](std::int64_t count, const auto& body) {
    for (std::int64_t task = part.thread; task < count; task += part.threads) body(task);
  };
  run_part(job, reinterpret_cast<float*>(scratch.data()), part.thread, part.threads, take,
           [&] { part.wait(); });
}

}  // namespace bv2::engine
