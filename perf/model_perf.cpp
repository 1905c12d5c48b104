// A checkpoint's kernelized prefill and decode beside the machine's limits, all measured in turn, round after
// round, the read bandwidth right before and right after each decode: model_perf FOLDER [DTYPE (bfloat16)]
// [PROMPT_TOKENS (128)] [NEW_TOKENS (32)] [ROUNDS (5)]
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/cpu_topology.h"
#include "base/error.h"
#include "base/median.h"
#include "engine/eager/eager_executor.h"
#include "engine/generation/greedy.h"
#include "engine/kernels/registry.h"
#include "engine/kernels/weight_packing.h"
#include "engine/limits/product_rate.h"
#include "engine/limits/read_bandwidth.h"
#include "engine/loading/checkpoint.h"
#include "engine/models/forward_cost.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

// More than the caches hold is read at one speed, whatever its size.
constexpr std::int64_t max_working_set_bytes = std::int64_t{512} << 20U;
constexpr double limit_seconds = 0.4;

struct Options {
  std::string folder;
  Dtype dtype = Dtype::bfloat16;
  std::int64_t prompt_tokens = 128;
  std::int64_t new_tokens = 32;
  std::int64_t rounds = 5;
};

/// What one round measured, in units a second, and what the limits would have allowed.
struct Round {
  double first_token_seconds = 0;
  double inter_token_seconds = 0;
  double bytes_per_second_before = 0;  ///< read bandwidth after the first token, before the others
  double bytes_per_second_after = 0;   ///< and after the last one
  double operations_per_second = 0;    ///< the limit of prefill

  /// The limit of decode.
  [[nodiscard]] double bytes_per_second() const {
    return (bytes_per_second_before + bytes_per_second_after) / 2;
  }
};

class MeasuredModel {
 public:
  explicit MeasuredModel(const Options& options)
      : options_(options), kernels_{.table = kernels_for(options.dtype), .state = {}} {
    Checkpoint checkpoint(options.folder);
    NotingWeights weights(checkpoint);
    const ModelConfig config = read_model_config(options.folder);
    model_ = make_model(config, weights, options.dtype);
    cost_ = forward_cost(config, options.dtype, weights.taken());
    pack_weights(*model_);
    cache_ = model_->make_cache(1, options.prompt_tokens + options.new_tokens);
  }

  Round run_round() {
    Round round;
    round.operations_per_second =
        measure_arithmetic_rate(options_.dtype, thread_count(), limit_seconds).operations_per_second;
    generate(round);
    return round;
  }

  /// First token and all others, and how fast memory is read around the others.
  void generate(Round& round) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(options_.prompt_tokens));
    for (std::size_t i = 0; i < ids.size(); ++i)
      ids[i] = static_cast<std::int64_t>(i * 7919 % static_cast<std::size_t>(model_->config().vocab_size));
    std::int64_t first_ns = 0;
    std::int64_t decode_ns = 0;
    std::int64_t last_ns = 0;
    const auto on_tokens = [&](std::span<const std::int64_t>) {
      last_ns = monotonic_now_ns();
      if (first_ns != 0) return;
      first_ns = last_ns;
      round.bytes_per_second_before = bandwidth();
      decode_ns = monotonic_now_ns();
    };
    const Tensor prompt = tensor_of<std::int64_t>(ids, {1, options_.prompt_tokens});
    DirectRunner runner(context_, *model_);
    const std::int64_t start_ns = monotonic_now_ns();
    generate_greedy(runner, cache_, prompt, options_.new_tokens, {.on_tokens = on_tokens, .on_logits = {}});
    round.bytes_per_second_after = bandwidth();
    round.first_token_seconds = static_cast<double>(first_ns - start_ns) * 1e-9;
    round.inter_token_seconds =
        static_cast<double>(last_ns - decode_ns) * 1e-9 / static_cast<double>(options_.new_tokens - 1);
  }

  /// Weights, and the cache as it is in the middle of the generation.
  [[nodiscard]] double decode_bytes() const {
    double bytes = static_cast<double>(cost_.weight_bytes);
    const std::int64_t positions = options_.prompt_tokens + options_.new_tokens / 2;
    for (const AttentionCost& of : cost_.attention) {
      const std::int64_t seen = of.window > 0 ? std::min(of.window, positions) : positions;
      bytes += static_cast<double>(of.cache_bytes_per_position * seen);
    }
    return bytes;
  }

  [[nodiscard]] double prefill_operations() const {
    const std::int64_t tokens = options_.prompt_tokens;
    double operations =
        static_cast<double>(cost_.operations_per_token * tokens) + static_cast<double>(cost_.head_operations);
    for (const AttentionCost& of : cost_.attention) {
      double pairs = 0;
      for (std::int64_t token = 1; token <= tokens; ++token)
        pairs += static_cast<double>(of.window > 0 ? std::min(of.window, token) : token);
      operations += pairs * static_cast<double>(of.operations_per_position);
    }
    return operations;
  }

 private:
  [[nodiscard]] double bandwidth() const {
    const std::int64_t working_set = std::min(cost_.weight_bytes, max_working_set_bytes);
    return measure_read_bandwidth(working_set, thread_count(), limit_seconds).bytes_per_second;
  }

  Options options_;
  EagerExecutor executor_;
  KernelSet kernels_;
  Context context_{executor_, AttentionPath::sdpa_flash_attention, &kernels_};
  std::unique_ptr<Model> model_;
  ForwardCost cost_;
  KvCache cache_;
};

void print_medians(const MeasuredModel& model, const std::vector<Round>& rounds) {
  const auto of = [&](auto&& value) {
    std::vector<double> values;
    for (const Round& round : rounds) values.push_back(value(round));
    return median(values);
  };
  const double bytes = model.decode_bytes();
  const double operations = model.prefill_operations();
  fmt::print("decode: {:.3f} ms a token, {:.2f} GB/s; limit {:.2f} GB/s; {:.3f} x bytes / limit\n",
             of([](const Round& r) { return r.inter_token_seconds; }) * 1e3,
             of([&](const Round& r) { return bytes / r.inter_token_seconds; }) * 1e-9,
             of([](const Round& r) { return r.bytes_per_second(); }) * 1e-9,
             of([&](const Round& r) { return r.inter_token_seconds / (bytes / r.bytes_per_second()); }));
  fmt::print("prefill: {:.2f} ms, {:.1f} GFLOP/s; limit {:.1f} GFLOP/s; {:.1f} % of it\n",
             of([](const Round& r) { return r.first_token_seconds; }) * 1e3,
             of([&](const Round& r) { return operations / r.first_token_seconds; }) * 1e-9,
             of([](const Round& r) { return r.operations_per_second; }) * 1e-9, of([&](const Round& r) {
               return 100 * operations / r.first_token_seconds / r.operations_per_second;
             }));
}

int measure(const Options& options) {
  set_thread_count(physical_core_count());
  MeasuredModel model(options);
  Round warm_up;
  model.generate(warm_up);
  std::vector<Round> rounds;
  for (std::int64_t i = 0; i < options.rounds; ++i) {
    rounds.push_back(model.run_round());
    const Round& round = rounds.back();
    fmt::print(
        "round {}: {:.2f} ms, then {:.3f} ms a token; {:.2f} GB/s before it, {:.2f} after, {:.1f} GFLOP/s\n",
        i + 1, round.first_token_seconds * 1e3, round.inter_token_seconds * 1e3,
        round.bytes_per_second_before * 1e-9, round.bytes_per_second_after * 1e-9,
        round.operations_per_second * 1e-9);
  }
  fmt::print("{} {}, {} + {} tokens, {} threads, medians of {} rounds\n", options.folder, name(options.dtype),
             options.prompt_tokens, options.new_tokens, thread_count(), options.rounds);
  print_medians(model, rounds);
  return 0;
}

std::int64_t number(std::string_view text, std::int64_t least) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least)
    fail<UsageError>("'{}' should be a number from {} on", text, least);
  return value;
}

Options options_of(int argc, char** argv) {
  if (argc < 2 || argc > 6)
    fail<UsageError>("usage: model_perf FOLDER [DTYPE] [PROMPT_TOKENS] [NEW_TOKENS] [ROUNDS]");
  Options options{.folder = argv[1]};
  if (argc > 2) {
    const std::optional<Dtype> dtype = dtype_from_name(argv[2]);
    if (!dtype) fail<UsageError>("the dtype '{}' is not known", argv[2]);
    options.dtype = *dtype;
  }
  if (argc > 3) options.prompt_tokens = number(argv[3], 1);
  if (argc > 4) options.new_tokens = number(argv[4], 2);
  if (argc > 5) options.rounds = number(argv[5], 1);
  return options;
}

}  // namespace
}  // namespace bv2::engine

int main(int argc, char** argv) {
  try {
    return bv2::engine::measure(bv2::engine::options_of(argc, argv));
  } catch (const bv2::Error& error) {
    fmt::print(stderr, "model_perf: {}\n", error.what());
    return dynamic_cast<const bv2::UsageError*>(&error) != nullptr ? 2 : 1;
  }
}
