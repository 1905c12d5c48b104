// Every kernel of the registry at the shapes of Llama-3.2-1B: its rate beside the limit that was measured in
// the same round, as a table in Markdown. kernels_perf [DTYPE (bfloat16)] [ROUNDS (5)]
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/median.h"
#include "engine/eager/eager_executor.h"
#include "engine/kernels/panels.h"
#include "engine/kernels/registry.h"
#include "engine/limits/product_rate.h"
#include "engine/limits/read_bandwidth.h"
#include "engine/loading/synthetic_weights.h"
#include "engine/ops/experts.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

constexpr std::int64_t hidden = 2048;
constexpr std::int64_t intermediate = 8192;
constexpr std::int64_t heads = 32;
constexpr std::int64_t kv_heads = 8;
constexpr std::int64_t head_dim = 64;
constexpr std::int64_t vocabulary = 128256;
constexpr std::int64_t keys = 1024;          // that a decode step sees
constexpr std::int64_t prompt_tokens = 512;  // of a prefill

// Weights are read from memory, as a model's layers read them: copies take turns until all are this large.
constexpr std::int64_t cold_bytes = std::int64_t{256} << 20U;
constexpr double sample_seconds = 0.06;
constexpr double limit_seconds = 0.2;

/// What a call does: the larger of the two decides its limit.
struct Work {
  std::string shape;
  double bytes = 0;       ///< that it reads and writes at least
  double operations = 0;  ///< multiplications and additions; 0: memory is the limit
};

/// One kernel on one shape.
struct Case {
  std::string operation;
  std::string kernel;
  Work work;
  std::int64_t working_set_bytes = 0;
  std::int64_t copies = 1;
  std::function<void(std::int64_t copy)> run;
  std::vector<double> seconds{};    ///< of a call, one a round
  std::vector<double> fractions{};  ///< of the round's limit
  std::vector<double> limits{};
};

/// A power of two near the size, so that few limits are measured.
std::int64_t size_class(std::int64_t bytes) {
  std::int64_t size = std::int64_t{64} << 10U;
  while (size * 3 / 2 < bytes) size *= 2;
  return size;
}

class Table {
 public:
  explicit Table(Dtype dtype) : dtype_(dtype), kernels_{.table = kernels_for(dtype), .state = {}} {}

  /// Adds the kernels that take the inputs: the first (`every` false) or all. `inputs(copy)` is a tuple.
  template <class Op, class Inputs>
  void add(const Op& op, bool every, Work work, std::int64_t working_set_bytes, std::int64_t copies,
           const Inputs& inputs) {
    for (const KernelTable::Entry& entry : kernels_.table.of(Op::name)) {
      const auto* kernel = static_cast<const Kernel<Op>*>(entry.kernel);
      const bool fits =
          std::apply([&](const auto&... input) { return kernel->fits(context_, op, input...); }, inputs(0));
      if (!fits) continue;
      cases_.push_back({.operation = std::string(Op::name),
                        .kernel = std::string(kernel->facts.name),
                        .work = work,
                        .working_set_bytes = working_set_bytes,
                        .copies = copies,
                        .run = [this, op, kernel, inputs](std::int64_t copy) {
                          std::apply([&](const auto&... input) { (void)kernel->run(context_, op, input...); },
                                     inputs(copy));
                        }});
      if (!every) return;
    }
  }

  void run_round() {
    const std::int64_t threads = thread_count();
    const double operations = measure_arithmetic_rate(dtype_, threads, limit_seconds).operations_per_second;
    std::map<std::int64_t, double> bandwidths;
    for (Case& of : cases_) {
      double& bandwidth = bandwidths[size_class(of.working_set_bytes)];
      if (bandwidth == 0)
        bandwidth =
            measure_read_bandwidth(size_class(of.working_set_bytes), threads, limit_seconds).bytes_per_second;
      const double seconds = seconds_of_a_call(of);
      const bool computes = of.work.operations > 0;
      const double limit = computes ? operations : bandwidth;
      of.seconds.push_back(seconds);
      of.limits.push_back(limit);
      of.fractions.push_back((computes ? of.work.operations : of.work.bytes) / seconds / limit);
    }
  }

  void print() const {
    fmt::print("| operation | kernel | shape | us a call | rate | limit | % of it |\n");
    fmt::print("| --- | --- | --- | --- | --- | --- | --- |\n");
    for (const Case& of : cases_) {
      const bool computes = of.work.operations > 0;
      const double amount = computes ? of.work.operations : of.work.bytes;
      const char* unit = computes ? "GFLOP/s" : "GB/s";
      fmt::print("| {} | {} | {} | {:.4g} | {:.4g} {} | {:.4g} | {:.0f} |\n", of.operation, of.kernel,
                 of.work.shape, median(of.seconds) * 1e6, amount / median(of.seconds) * 1e-9, unit,
                 median(of.limits) * 1e-9, median(of.fractions) * 100);
    }
  }

  /// Kernels of this machine that no case ran, "operation/kernel".
  [[nodiscard]] std::vector<std::string> missing() const {
    std::set<std::string> ran;
    for (const Case& of : cases_) ran.insert(of.operation + '/' + of.kernel);
    std::vector<std::string> names;
    for (const KernelVerdict& verdict : list_kernels()) {
      const std::string name = verdict.operation + '/' + verdict.kernel;
      if (verdict.dtype == dtype_ && !verdict.isa.empty() && !ran.contains(name)) names.push_back(name);
    }
    return names;
  }

 private:
  /// Of the fastest pass over all copies, as the limits are those of the fastest pass.
  static double seconds_of_a_call(const Case& of) {
    of.run(0);  // prepares what it keeps
    const auto wanted_ns = static_cast<std::int64_t>(sample_seconds * 1e9);
    const std::int64_t calls = std::max<std::int64_t>(of.copies, 8);  // a short one is not timed alone
    std::int64_t spent_ns = 0;
    std::int64_t least_ns = std::numeric_limits<std::int64_t>::max();
    do {
      const std::int64_t start_ns = monotonic_now_ns();
      for (std::int64_t call = 0; call < calls; ++call) of.run(call % of.copies);
      const std::int64_t pass_ns = monotonic_now_ns() - start_ns;
      least_ns = std::min(least_ns, pass_ns);
      spent_ns += pass_ns;
    } while (spent_ns < wanted_ns);
    return static_cast<double>(least_ns) * 1e-9 / static_cast<double>(calls);
  }

  Dtype dtype_;
  KernelSet kernels_;
  EagerExecutor executor_;
  Context context_{executor_, AttentionPath::sdpa_flash_attention, &kernels_};
  std::vector<Case> cases_;
};

/// Makes the inputs of all cases.
class Cases {
 public:
  Cases(Table& table, Dtype dtype) : table_(table), dtype_(dtype) {}

  void add_all() {
    for (const std::int64_t tokens : {std::int64_t{1}, prompt_tokens}) {
      products(tokens);
      rows(tokens);
      attention(tokens);
    }
    greedy_head();
    experts();
    softcap();
  }

 private:
  Tensor values(const Shape& shape) {
    return weights_.take(fmt::format("{}", next_++), shape, dtype_, WeightKind::matrix);
  }
  [[nodiscard]] double bytes_of(std::int64_t elements) const {
    return static_cast<double>(elements) * static_cast<double>(size_bytes(dtype_));
  }
  std::vector<LinearWeights> packed_copies(std::int64_t outputs, std::int64_t depth, std::int64_t copies) {
    std::vector<LinearWeights> all;
    for (std::int64_t i = 0; i < copies; ++i) all.push_back({packed(values({outputs, depth})), Tensor()});
    return all;
  }

  /// A product of `matrices` weights [outputs, depth]: a decode step streams them from memory, a prefill
  /// computes.
  template <class Op, class Inputs>
  void product(const Op& op, std::int64_t tokens, std::int64_t matrices, std::int64_t outputs,
               std::int64_t depth, const Inputs& inputs_of) {
    const bool streams = tokens == 1;
    const auto bytes = static_cast<std::int64_t>(bytes_of(matrices * outputs * depth));
    const std::int64_t copies = streams ? std::max<std::int64_t>(2, cold_bytes / bytes) : 2;
    std::vector<std::vector<LinearWeights>> weights;
    for (std::int64_t i = 0; i < matrices; ++i) weights.push_back(packed_copies(outputs, depth, copies));
    Work work{.shape = fmt::format("{} x {}{} x {}", tokens,
                                   matrices == 1 ? "" : fmt::format("{} * ", matrices), outputs, depth),
              .bytes = static_cast<double>(bytes)};
    if (!streams) work.operations = 2.0 * static_cast<double>(tokens * matrices * outputs * depth);
    const auto inputs = inputs_of(values({1, tokens, depth}), values({1, tokens, outputs}));
    table_.add(op, !streams, work, bytes * copies, copies, [weights, inputs](std::int64_t copy) {
      std::vector<LinearWeights> of_copy;
      of_copy.reserve(weights.size());
      for (const auto& copies_of : weights) of_copy.push_back(copies_of[static_cast<std::size_t>(copy)]);
      return inputs(of_copy);
    });
  }

  void products(std::int64_t tokens) {
    using Weights = std::vector<LinearWeights>;
    product(Linear{}, tokens, 1, hidden, hidden, [](const Tensor& x, const Tensor&) {
      return [x](const Weights& w) { return std::tuple(x, w[0].weight, w[0].bias); };
    });
    product(LinearResidual{}, tokens, 1, hidden, intermediate, [](const Tensor& x, const Tensor& residual) {
      return [x, residual](const Weights& w) { return std::tuple(x, w[0], residual); };
    });
    product(
        LinearActivation{Activation::gelu}, tokens, 1, intermediate, hidden,
        [](const Tensor& x, const Tensor&) { return [x](const Weights& w) { return std::tuple(x, w[0]); }; });
    product(QkvProjection{head_dim}, tokens, 3, hidden, hidden, [](const Tensor& x, const Tensor&) {
      return [x](const Weights& w) { return std::tuple(x, w[0], w[1], w[2]); };
    });
    product(GatedProjection{Activation::silu}, tokens, 2, intermediate, hidden,
            [](const Tensor& x, const Tensor&) {
              return [x](const Weights& w) { return std::tuple(x, w[0], w[1]); };
            });
  }

  /// An operation whose inputs are in the caches when it comes: what the one before it wrote.
  template <class Op, class... Inputs>
  void hot(const Op& op, std::string shape, double bytes, const Inputs&... inputs) {
    table_.add(op, true, {.shape = std::move(shape), .bytes = bytes}, static_cast<std::int64_t>(bytes), 1,
               [all = std::tuple(inputs...)](std::int64_t) { return all; });
  }

  void rows(std::int64_t tokens) {
    const Tensor x = values({1, tokens, hidden});
    const Tensor weight = values({hidden});
    const std::string shape = fmt::format("{} x {}", tokens, hidden);
    hot(RmsNorm{}, shape, bytes_of((2 * tokens + 1) * hidden), x, weight);
    hot(NormResidual{}, shape, bytes_of((3 * tokens + 1) * hidden), x, weight, values({1, tokens, hidden}));
    hot(LayerNorm{}, shape, bytes_of((2 * tokens + 2) * hidden), x, weight, weight);

    const auto split = [&](std::int64_t count) {
      return values({1, tokens, count, head_dim}).transpose(1, 2);
    };
    const Qkv qkv{split(heads), split(kv_heads), split(kv_heads)};
    const Tensor angles = values({1, 1, tokens, head_dim});
    const auto places = [&] {
      return values({1, kv_heads, tokens + keys, head_dim}).slice(2, keys, keys + tokens);
    };
    hot(RotaryAppend{}, fmt::format("{} x ({} + 2 * {}) x {}", tokens, heads, kv_heads, head_dim),
        bytes_of(2 * tokens * (heads + 2 * kv_heads) * head_dim), qkv, angles, angles, places(), places());

    const Tensor table = values({vocabulary / 8, hidden});
    Tensor ids(Dtype::int64, {1, tokens});
    for (std::int64_t i = 0; i < tokens; ++i) ids.data<std::int64_t>()[i] = i * 7919 % (vocabulary / 8);
    hot(Embedding{}, shape + ", plain table", bytes_of(2 * tokens * hidden), ids, table);
    hot(Embedding{}, shape + ", packed table", bytes_of(2 * tokens * hidden), ids, packed(table));
  }

  void attention(std::int64_t tokens) {
    const bool decode = tokens == 1;
    const std::int64_t seen = decode ? keys : tokens;
    const Tensor q = values({1, tokens, heads, head_dim}).transpose(1, 2);
    const Tensor k = values({1, kv_heads, seen + 64, head_dim}).slice(2, 0, seen);
    const Tensor v = values({1, kv_heads, seen + 64, head_dim}).slice(2, 0, seen);
    Work work{
        .shape = fmt::format("{} x {} keys, {}/{} heads of {}", tokens, seen, heads, kv_heads, head_dim),
        .bytes = bytes_of(2 * kv_heads * seen * head_dim)};
    if (!decode) {
      const double pairs = static_cast<double>(tokens) * static_cast<double>(tokens + 1) / 2;
      work.operations = 4 * pairs * static_cast<double>(heads * head_dim);
    }
    const Attention op{.scale = 1 / std::sqrt(static_cast<double>(head_dim))};
    const auto bytes = static_cast<std::int64_t>(work.bytes);
    table_.add(op, true, work, bytes, 1, [q, k, v](std::int64_t) { return std::tuple(q, k, v, Tensor()); });
  }

  void greedy_head() {
    const Tensor x = values({1, 1, hidden});
    const Tensor head = packed(values({vocabulary, hidden}));
    const double bytes = bytes_of(vocabulary * hidden);
    table_.add(GreedyHead{}, true, {.shape = fmt::format("1 x {} x {}", vocabulary, hidden), .bytes = bytes},
               static_cast<std::int64_t>(bytes), 1, [x, head](std::int64_t) { return std::tuple(x, head); });
  }

  /// Two experts of eight, other ones with each copy of x.
  void experts() {
    constexpr std::int64_t count = 8;
    constexpr std::int64_t width = 2048;
    constexpr std::int64_t inputs = 16;
    ExpertWeights weights{.router = packed(values({count, hidden})), .experts = {}};
    const auto matrix = [&](std::int64_t out, std::int64_t in) {
      return LinearWeights{packed(values({out, in})), Tensor()};
    };
    for (std::int64_t i = 0; i < count; ++i)
      weights.experts.push_back({matrix(width, hidden), matrix(width, hidden), matrix(hidden, width)});
    const Tensor all = values({inputs, 1, hidden});
    const Tensor residual = values({1, 1, hidden});
    table_.add(ExpertMixture{.chosen = 2}, true,
               {.shape = fmt::format("1 x 2 of {} * 3 * {} x {}", count, width, hidden),
                .bytes = bytes_of(2 * 3 * width * hidden)},
               static_cast<std::int64_t>(bytes_of(count * 3 * width * hidden)), inputs,
               [all, weights, residual](std::int64_t copy) {
                 return std::tuple(all.slice(0, copy, copy + 1), weights, residual);
               });
  }

  void softcap() {
    hot(Softcap{30}, fmt::format("1 x {}", vocabulary), bytes_of(2 * vocabulary), values({1, 1, vocabulary}));
  }

  Table& table_;
  Dtype dtype_;
  SyntheticWeights weights_{1};
  std::int64_t next_ = 0;
};

int measure(Dtype dtype, int rounds) {
  Table table(dtype);
  Cases(table, dtype).add_all();
  if (const auto missing = table.missing(); !missing.empty()) {
    for (const std::string& name : missing) fmt::print(stderr, "no case runs {}\n", name);
    return 1;
  }
  for (int round = 0; round < rounds; ++round) {
    fmt::print(stderr, "round {} of {}\n", round + 1, rounds);
    table.run_round();
  }
  fmt::print("{}, {} threads, medians of {} rounds\n\n", name(dtype), thread_count(), rounds);
  table.print();
  return 0;
}

}  // namespace
}  // namespace bv2::engine

int main(int argc, char** argv) {
  try {
    const std::optional<bv2::Dtype> dtype = bv2::dtype_from_name(argc > 1 ? argv[1] : "bfloat16");
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
    if (!dtype || rounds < 1 || argc > 3) bv2::fail<bv2::UsageError>("usage: kernels_perf [DTYPE] [ROUNDS]");
    return bv2::engine::measure(*dtype, rounds);
  } catch (const bv2::Error& error) {
    fmt::print(stderr, "kernels_perf: {}\n", error.what());
    return 2;
  }
}
