// Generated code of random graphs and of models, held against the graphs run node by node.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "engine/compiled/passes/passes.h"
#include "engine/compiled/program_builder.h"
#include "engine/compiled/trace.h"
#include "engine/eager/eager_executor.h"
#include "engine/eager/operations.h"
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"
#include "support/graph_interpreter.h"
#include "support/quick_toolchain.h"
#include "support/random_forward.h"
#include "support/reference_executor.h"
#include "support/targets.h"
#include "support/temporary_folder.h"
#include "support/ulp.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

using Given = std::map<std::string, Tensor>;

/// A graph's buffers in memory that a test owns.
class Memory {
 public:
  Memory(const Graph& graph, const Sizes& sizes, const Given& given) : graph_(graph), sizes_(sizes) {
    for (const Buffer& buffer : graph.buffers) {
      const auto found = given.find(buffer.name);
      if (buffer.kind == BufferKind::local || buffer.kind == BufferKind::constant) {
        addresses_.push_back(nullptr);
      } else if (!buffer.name.empty() && found != given.end()) {
        addresses_.push_back(found->second.raw());
      } else {
        own_.emplace_back(buffer.dtype, Shape{product(buffer.shape).at(sizes)});
        addresses_.push_back(own_.back().raw());
      }
    }
  }

  /// The results in memory of their own.
  std::vector<Tensor> run(Program& program) {
    test::EagerCalls calls(graph_, addresses_, sizes_);
    program.run(sizes_, addresses_, calls);
    const Bindings bindings(graph_, addresses_);
    std::vector<Tensor> results;
    for (const View& result : graph_.results) {
      const Tensor seen = bindings.tensor(result, sizes_);
      results.emplace_back(seen.dtype(), seen.shape());
      eager::copy_elements(results.back(), seen);
    }
    return results;
  }

 private:
  const Graph& graph_;
  Sizes sizes_;
  std::vector<Tensor> own_;
  std::vector<std::byte*> addresses_;
};

std::int64_t first_largest(std::span<const double> values) {
  return std::ranges::max_element(values) - values.begin();
}

/// The last result is the place of each row's largest element of the first one.
void expect_places_of_largest(const std::vector<Tensor>& results) {
  const std::vector<double> values = test::values_of(results[0]);
  const std::vector<double> places = test::values_of(results[3]);
  constexpr auto width = static_cast<std::size_t>(test::RandomForward::width);
  ASSERT_EQ(values.size(), places.size() * width);
  for (std::size_t row = 0; row < places.size(); ++row) {
    const auto of_row = std::span(values).subspan(row * width, width);
    EXPECT_EQ(static_cast<std::int64_t>(places[row]), first_largest(of_row)) << "row " << row;
  }
}

/// Every operation rounds once, sums at most `width` terms, and passes errors on about as they are, since
/// values and derivatives are near 1. 16-bit dtypes are summed in float32.
double tolerance(Dtype dtype, double magnitude) {
  constexpr double operations = 12;
  const double terms = dtype == Dtype::float32 ? static_cast<double>(test::RandomForward::width) : 1;
  return operations * terms * info(dtype).epsilon * std::max(1.0, magnitude);
}

void expect_near(const Tensor& got, const Tensor& expected, Dtype dtype) {
  ASSERT_EQ(got.shape(), expected.shape());
  const std::vector<double> a = test::values_of(got);
  const std::vector<double> b = test::values_of(expected);
  for (std::size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], tolerance(dtype, std::abs(b[i]))) << "element " << i;
}

struct Variant {
  OpenSymbols open;
  EmitOptions options;
  std::string name;
};

std::vector<Variant> variants() {
  return {{.open = {}, .options = {}, .name = "prefill"},
          {.open = {.tokens = false}, .options = {}, .name = "decode"},
          {.open = {.tokens = false},
           .options = {.one_team = true, .choices = {.waiting_bytes = 4096}},
           .name = "decode in one team"},
          {.open = {.tokens = false},
           .options = {.one_team = true,
                       .choices = {.few_rows = 2, .fuse_input = false, .streams = 2, .own_products = true}},
           .name = "decode of at most two rows"}};
}

void compare_random_graphs(std::uint32_t first, std::uint32_t last, Dtype dtype, const Toolchain& toolchain) {
  const test::TemporaryFolder folder;
  DiskCache cache(folder.path());
  CodeBuilder builder(toolchain, cache, [](std::string_view line) { FAIL() << line; });
  const test::ThreadCount threads(2);
  EagerExecutor executor;
  for (std::uint32_t seed = first; seed < last; ++seed) {
    const test::RandomForward forward(seed, dtype);
    std::vector<Graph> traced;
    std::vector<Graph> graphs;
    std::vector<BuildRequest> requests;
    for (const Variant& variant : variants()) {
      traced.push_back(forward.trace(variant.open));
      graphs.push_back(traced.back());
      optimise(graphs.back());
    }
    for (std::size_t i = 0; i < graphs.size(); ++i)
      requests.push_back(
          {.graph = &graphs[i], .title = variants()[i].name, .options = variants()[i].options});
    const auto programs = build_programs(requests, builder, 2);
    for (std::size_t i = 0; i < graphs.size(); ++i) {
      const std::int64_t tokens = variants()[i].open.tokens ? 5 : 1;
      for (const std::int64_t batch : {1, 3, 6}) {
        SCOPED_TRACE(fmt::format("seed {}, {}, batch {}", seed, variants()[i].name, batch));
        const Sizes sizes{.batch = batch, .tokens = tokens, .past = batch, .capacity = 20};
        const Given given = forward.inputs(sizes);
        const auto expected = test::interpret(traced[i], sizes, forward.inputs(sizes), executor);
        const auto got = Memory(graphs[i], sizes, given).run(*programs[i]);
        for (std::size_t result = 0; result < 3; ++result) expect_near(got[result], expected[result], dtype);
        expect_places_of_largest(got);
      }
    }
  }
}

TEST(GeneratedCode, ComputesWhatRandomGraphsSay) {
  compare_random_graphs(1, 4, Dtype::float32, test::quick_toolchain());
}

TEST(GeneratedCode, ComputesWhatRandomGraphsSayInBfloat16) {
  compare_random_graphs(4, 6, Dtype::bfloat16, find_toolchain());
}

TEST(GeneratedCode, ComputesWhatRandomGraphsSayInFloat16) {
  compare_random_graphs(6, 7, Dtype::float16, test::quick_toolchain());
}

TEST(GeneratedCode, SlowComputesWhatManyRandomGraphsSay) {
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16})
    compare_random_graphs(100, 120, dtype, find_toolchain());
}

class OneProgram : public testing::Test {
 protected:
  std::unique_ptr<NativeProgram> build(const Graph& graph, const EmitOptions& options = {}) {
    const std::array requests{BuildRequest{.graph = &graph, .title = "a test", .options = options}};
    return std::move(build_programs(requests, builder_, 1)[0]);
  }

  test::TemporaryFolder folder_;
  DiskCache cache_{folder_.path()};
  CodeBuilder builder_{test::quick_toolchain(), cache_, [](std::string_view line) { FAIL() << line; }};
};

/// Everything that floats can be: all exponents, both signs, whole numbers, and what is no number.
std::vector<double> telling_numbers() {
  std::vector<double> numbers{0, -0.0, INFINITY, -INFINITY, NAN};
  for (int exponent = -149; exponent < 128; ++exponent)
    for (const float size : {1.F, -1.37F}) numbers.push_back(std::ldexp(size, exponent));
  for (int i = -400; i < 400; ++i) numbers.push_back(static_cast<float>(i) * 0.3F);
  return numbers;
}

/// x [1, count] through one element-wise operation.
Graph one_operation(BasicOp op, std::int64_t count, Dtype from, Dtype to) {
  Graph graph;
  graph.name = std::string(name(op));
  Node node{.kind = NodeKind::elementwise, .op = op};
  node.inputs = {add_buffer(graph, {BufferKind::input, from, {1, count}, "x", {}})};
  node.outputs = {add_buffer(graph, {BufferKind::temporary, to, {1, count}, "", {}})};
  graph.nodes = {node};
  graph.results = node.outputs;
  return graph;
}

/// The reference's value, but where 1 + erf and 1 + tanh have lost the digits that erfc and exp have, and of
/// NaN.
double exact_value(BasicOp op, double x, double reference) {
  if (op == BasicOp::gelu) return x * std::erfc(-x * std::numbers::sqrt2 / 2) / 2;
  const double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  if (op == BasicOp::gelu_tanh && std::isfinite(x)) return x / (1 + std::exp(-2 * u));
  if (op == BasicOp::relu && std::isnan(x)) return x;  // as in PyTorch; the reference says 0
  return reference;
}

TEST_F(OneProgram, ElementaryFunctionsAreAccurateToAFewUnitsOfTheLastPlace) {
  const std::vector<double> numbers = telling_numbers();
  const auto count = static_cast<std::int64_t>(numbers.size());
  constexpr std::array ops{BasicOp::exp,  BasicOp::rsqrt,     BasicOp::tanh, BasicOp::sigmoid, BasicOp::silu,
                           BasicOp::gelu, BasicOp::gelu_tanh, BasicOp::relu, BasicOp::sin,     BasicOp::cos};
  std::vector<Graph> graphs;
  std::vector<BuildRequest> requests;
  for (const BasicOp op : ops) graphs.push_back(one_operation(op, count, Dtype::float32, Dtype::float32));
  for (const Graph& graph : graphs) requests.push_back({.graph = &graph, .title = graph.name, .options = {}});
  const auto programs = build_programs(requests, builder_, 2);
  test::ReferenceExecutor exact;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const Tensor x = test::tensor_from(numbers, Dtype::float32, {1, count});
    const std::array inputs{x};
    auto expected = test::values_of(exact.execute({ops[i], inputs, {}}));
    for (std::size_t at = 0; at < expected.size(); ++at)
      expected[at] = exact_value(ops[i], numbers[at], expected[at]);
    const auto got = test::values_of(Memory(graphs[i], {}, {{"x", x}}).run(*programs[i])[0]);
    for (std::size_t at = 0; at < got.size(); ++at)
      ASSERT_LE(test::ulps_apart(got[at], expected[at], Dtype::float32), 4)
          << name(ops[i]) << " of " << numbers[at] << " is " << got[at] << ", not " << expected[at];
  }
}

Tensor parameter(std::mt19937& random, const Shape& shape, Dtype dtype) {
  // Sums of 16 terms are of the size of x.
  std::uniform_real_distribution<double> value(-0.4, 0.4);
  std::vector<double> values(static_cast<std::size_t>(shape.product()));
  for (double& each : values) each = value(random);
  return test::tensor_from(values, dtype, shape);
}

/// x [rows of 16], some numbers.
Tensor some_x(Dtype dtype, const Shape& shape) {
  std::vector<double> values(static_cast<std::size_t>(shape.product()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<double>(i));
  return test::tensor_from(values, dtype, shape);
}

/// A gated MLP with its residual, then a layer with bias and activation: x [batch, tokens, 16].
Graph graph_of_layers(Dtype dtype) {
  std::mt19937 random(7);
  constexpr std::int64_t width = test::RandomForward::width;
  std::vector<Tensor> weights;
  for (int i = 0; i < 4; ++i) weights.push_back(parameter(random, {width, width}, dtype));
  const Tensor bias = parameter(random, {width}, dtype);
  return trace(
      "layers", {.past = false}, AttentionPath::eager,
      [&](Context& context, Tracer& tracer, const Sizes& sizes) {
        const Tensor x = tracer.input("x", dtype, {sizes.batch, sizes.tokens, width});
        const Tensor gate =
            context.execute(BasicOp::silu, {context.apply(Linear{}, x, weights[0], Tensor())});
        const Tensor value = context.apply(Linear{}, x, weights[1], bias);
        const Tensor inner = mul(context, gate, value);
        const Tensor y = add(context, x, context.apply(Linear{}, inner, weights[2], Tensor()));
        return std::vector{context.execute(BasicOp::gelu, {context.apply(Linear{}, y, weights[3], bias)})};
      });
}

TEST_F(OneProgram, ProductsOfManyRowsAreDoneWithWhatFollowsThem) {
  EagerExecutor executor;
  const Sizes sizes{.batch = 2, .tokens = 5, .past = 0, .capacity = 0};
  const std::map<std::string, int> expected_calls{
      {"gated_projection", 1}, {"linear_activation", 1}, {"linear_residual", 1}};
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16, Dtype::float16}) {
    const Graph traced = graph_of_layers(dtype);
    Graph graph = traced;
    optimise(graph);
    const Given given{{"x", some_x(dtype, {2, 5, test::RandomForward::width})}};
    const std::vector<Tensor> expected = test::interpret(traced, sizes, given, executor);
    for (const bool own_products : {false, true}) {
      SCOPED_TRACE(fmt::format("{}, own loops: {}", name(dtype), own_products));
      const auto program = build(graph, {.choices = {.own_products = own_products}});
      EXPECT_EQ(program->report().host_steps, expected_calls) << to_text(graph);
      expect_near(Memory(graph, sizes, given).run(*program)[0], expected[0], dtype);
    }
  }
}

constexpr std::int64_t odd_depth = 37;

/// x [batch, 1, 37] times a gate and its up, and another product with bias: all in one step of code, none of
/// them whole panels.
Graph graph_of_streams(Dtype dtype) {
  std::mt19937 random(9);
  const Tensor gate = parameter(random, {64 * 9 + 5, odd_depth}, dtype);
  const Tensor up = parameter(random, {64 * 9 + 5, odd_depth}, dtype);
  const Tensor other = parameter(random, {64 * 4 + 16, odd_depth}, dtype);
  const Tensor bias = parameter(random, {64 * 4 + 16}, dtype);
  return trace("streams", {.tokens = false, .past = false}, AttentionPath::eager,
               [&](Context& context, Tracer& tracer, const Sizes& sizes) {
                 const Tensor x = tracer.input("x", dtype, {sizes.batch, sizes.tokens, odd_depth});
                 const Tensor opened =
                     context.execute(BasicOp::silu, {context.apply(Linear{}, x, gate, Tensor())});
                 const Tensor inner = mul(context, opened, context.apply(Linear{}, x, up, Tensor()));
                 return std::vector{inner, context.apply(Linear{}, x, other, bias)};
               });
}

TEST_F(OneProgram, ProductsHaveTheSameBitsHoweverManyPanelsAreReadSideBySide) {
  constexpr std::array streams{std::int64_t{1}, std::int64_t{2}, std::int64_t{4}};
  EagerExecutor executor;
  for (const Dtype dtype : {Dtype::float32, Dtype::bfloat16}) {
    const Graph traced = graph_of_streams(dtype);
    Graph graph = traced;
    optimise(graph);
    std::vector<BuildRequest> requests;
    for (const std::int64_t count : streams)
      requests.push_back({.graph = &graph,
                          .title = fmt::format("{} streams", count),
                          .options = {.one_team = true, .choices = {.streams = count}}});
    const auto programs = build_programs(requests, builder_, 2);
    for (const int threads : {1, 2}) {
      SCOPED_TRACE(fmt::format("{}, {} threads", name(dtype), threads));
      const test::ThreadCount team(threads);
      const Sizes sizes{.batch = 1, .tokens = 1, .past = 0, .capacity = 0};
      const Given given{{"x", some_x(dtype, {1, 1, odd_depth})}};
      const std::vector<Tensor> expected = test::interpret(traced, sizes, given, executor);
      std::vector<std::vector<Tensor>> got;
      for (const auto& program : programs) {
        EXPECT_TRUE(program->report().host_steps.empty());
        got.push_back(Memory(graph, sizes, given).run(*program));
      }
      for (std::size_t result = 0; result < expected.size(); ++result) {
        expect_near(got[0][result], expected[result], dtype);
        for (std::size_t i = 1; i < streams.size(); ++i)
          EXPECT_EQ(test::values_of(got[i][result]), test::values_of(got[0][result])) << requests[i].title;
      }
    }
  }
}

/// A decode step that multiplies x with three weights and needs one product alone.
Graph graph_with_dead_products() {
  std::mt19937 random(8);
  constexpr std::int64_t width = test::RandomForward::width;
  std::vector<Tensor> weights;
  for (int i = 0; i < 3; ++i) weights.push_back(parameter(random, {width, width}, Dtype::float32));
  return trace("dead", {.tokens = false, .past = false}, AttentionPath::eager,
               [&](Context& context, Tracer& tracer, const Sizes& sizes) {
                 const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch, sizes.tokens, width});
                 std::vector<Tensor> products;
                 for (const Tensor& weight : weights)
                   products.push_back(context.apply(Linear{}, x, weight, Tensor()));
                 (void)neg(context, products[0]);
                 return std::vector{context.execute(BasicOp::silu, {products[1]})};
               });
}

TEST_F(OneProgram, ProductsThatNobodyNeedsDoNoHarm) {
  EagerExecutor executor;
  const Graph traced = graph_with_dead_products();
  for (const bool remove : {true, false}) {
    Graph graph = traced;
    optimise(graph, {.off = remove ? std::set<std::string, std::less<>>{}
                                   : std::set<std::string, std::less<>>{"remove_dead"},
                     .after = {}});
    const auto program = build(graph);
    for (const std::int64_t batch : {1, 6}) {  // streamed; by the library
      SCOPED_TRACE(fmt::format("batch {}, dead ones removed: {}", batch, remove));
      const Sizes sizes{.batch = batch, .tokens = 1, .past = 0, .capacity = 0};
      const Given given{{"x", some_x(Dtype::float32, {batch, 1, test::RandomForward::width})}};
      const std::vector<Tensor> expected = test::interpret(traced, sizes, given, executor);
      expect_near(Memory(graph, sizes, given).run(*program)[0], expected[0], Dtype::float32);
    }
  }
}

TEST_F(OneProgram, NotesItsStepsWhileItIsProfiled) {
  Graph graph = one_operation(BasicOp::exp, 64, Dtype::float32, Dtype::float32);
  Node next{.kind = NodeKind::elementwise, .op = BasicOp::neg};
  next.inputs = graph.nodes[0].outputs;
  next.outputs = {add_buffer(graph, {BufferKind::temporary, Dtype::float32, {1, 64}, "", {}})};
  graph.nodes.push_back(next);
  graph.results = next.outputs;
  const auto program = build(graph);
  const Tensor x = test::tensor_from(std::vector<double>(64, 1.0), Dtype::float32, {1, 64});
  const auto run = [&] { (void)Memory(graph, {}, {{"x", x}}).run(*program); };
  run();
  EXPECT_TRUE(program->take_spans().empty());
  program->set_profiling(true);
  run();
  run();
  const std::vector<OperationSpan> spans = program->take_spans();
  ASSERT_EQ(spans.size(), 4U) << "two runs of two steps";
  for (std::size_t i = 0; i < spans.size(); ++i) {
    EXPECT_EQ(spans[i].kind, "group");
    EXPECT_FALSE(spans[i].name.empty());
    EXPECT_EQ(spans[i].inputs, "float32 [1, 64]");
    EXPECT_EQ(spans[i].outputs, "float32 [1, 64]");
    EXPECT_EQ(spans[i].bytes, 2 * 64 * 4);
    EXPECT_LE(spans[i].start_ns, spans[i].end_ns);
    if (i % 2 == 1) {
      EXPECT_EQ(spans[i].start_ns, spans[i - 1].end_ns);
    }
  }
  program->set_profiling(false);
  run();
  EXPECT_TRUE(program->take_spans().empty());
}

TEST_F(OneProgram, CastsRoundToNearestEven) {
  std::vector<double> numbers = telling_numbers();
  for (const float near : {1.F, 1.5F, 300.F, 65504.F, 65519.F, 65520.F, 6e-8F, 2.98e-8F})
    for (int step = -300; step < 300; ++step)
      numbers.push_back(near * (1 + static_cast<float>(step) * 0x1p-17F));
  const auto count = static_cast<std::int64_t>(numbers.size());
  for (const Dtype dtype : {Dtype::bfloat16, Dtype::float16}) {
    const Graph down = one_operation(BasicOp::cast, count, Dtype::float32, dtype);
    const Graph up = one_operation(BasicOp::cast, count, dtype, Dtype::float32);
    const Tensor wide = test::tensor_from(numbers, Dtype::float32, {1, count});
    const Tensor narrow = test::tensor_from(numbers, dtype, {1, count});
    const std::vector<double> expected = test::values_of(narrow);
    const auto program = build(down);
    const auto back = build(up);
    const auto got = test::values_of(Memory(down, {}, {{"x", wide}}).run(*program)[0]);
    const auto again = test::values_of(Memory(up, {}, {{"x", narrow}}).run(*back)[0]);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (std::isnan(numbers[i])) {
        EXPECT_TRUE(std::isnan(got[i]) && std::isnan(again[i]));
        continue;
      }
      ASSERT_EQ(got[i], expected[i]) << numbers[i];
      ASSERT_EQ(again[i], expected[i]) << numbers[i];
    }
  }
}

TEST_F(OneProgram, AnIdOutsideOfItsTableIsAnError) {
  Graph graph;
  graph.name = "look-up";
  const Tensor table = test::tensor_from({1, 2, 3, 4, 5, 6}, Dtype::float32, {3, 2});
  Node node{.kind = NodeKind::take_rows};
  node.inputs = {add_buffer(graph, {BufferKind::constant, Dtype::float32, {3, 2}, "", table}),
                 add_buffer(graph, {BufferKind::input, Dtype::int64, {2}, "ids", {}})};
  node.outputs = {add_buffer(graph, {BufferKind::temporary, Dtype::float32, {2, 2}, "", {}})};
  graph.results = node.outputs;
  graph.nodes = {node};
  const auto program = build(graph);
  const auto run = [&](std::int64_t a, std::int64_t b) {
    const std::array<std::int64_t, 2> ids{a, b};
    const Given given{{"ids", tensor_of<std::int64_t>(ids, {2})}};
    return test::values_of(Memory(graph, {}, given).run(*program)[0]);
  };
  EXPECT_EQ(run(2, 0), (std::vector<double>{5, 6, 1, 2}));
  try {
    run(0, 3);
    FAIL() << "it must throw";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("the id 3 is outside"));
  }
  EXPECT_EQ(run(1, 1), (std::vector<double>{3, 4, 3, 4})) << "it can be used again";
}

TEST_F(OneProgram, AnErrorOfACallPassesThroughGeneratedCode) {
  struct Failing final : Call {
    [[nodiscard]] std::string_view name() const override { return "failing"; }
    [[nodiscard]] std::string parameters() const override { return ""; }
    void run(Context&, std::span<const std::int64_t>, std::span<const Tensor>,
             std::span<const Tensor>) const override {
      fail("the call failed");
    }
  };
  Graph graph;
  graph.name = "failing";
  Node call{.kind = NodeKind::call};
  call.outputs = {add_buffer(graph, {BufferKind::temporary, Dtype::float32, {16}, "", {}})};
  call.call = std::make_shared<Failing>();
  Node negate{.kind = NodeKind::elementwise, .op = BasicOp::neg};
  negate.inputs = call.outputs;
  negate.outputs = {add_buffer(graph, {BufferKind::temporary, Dtype::float32, {16}, "", {}})};
  graph.results = negate.outputs;
  graph.nodes = {call, negate};
  for (const bool one_team : {false, true}) {
    const auto program = build(graph, {.one_team = one_team, .choices = {}});
    EXPECT_THROW(Memory(graph, {}, {}).run(*program), Error);
  }
}

TEST(Emitter, LayersOfOneStructureShareTheirFunctions) {
  Graph graph;
  graph.name = "chain";
  View x = add_buffer(graph, {BufferKind::input, Dtype::float32, {Symbol::batch, 48}, "x", {}});
  for (int layer = 0; layer < 20; ++layer) {
    Node node{.kind = NodeKind::elementwise, .op = BasicOp::silu};
    node.inputs = {x};
    node.outputs = {add_buffer(graph, {BufferKind::temporary, Dtype::float32, {Symbol::batch, 48}, "", {}})};
    x = node.outputs[0];
    graph.nodes.push_back(node);
  }
  graph.results = {x};
  const EmittedCode code = emit(graph, {});
  EXPECT_EQ(code.generated_steps, 20U);
  EXPECT_LE(code.functions, 2U) << "the first reads an input, which is constant";
  EXPECT_EQ(code.source, emit(graph, {}).source);
  EXPECT_THAT(code.source, testing::Not(testing::HasSubstr("#include \"")));
  EXPECT_THAT(code.source, testing::HasSubstr("// [batch, 48]"));
}

TEST(Emitter, WhatItCannotPrintIsAnError) {
  Graph graph;
  graph.name = "doubles";
  Node node{.kind = NodeKind::elementwise, .op = BasicOp::exp};
  node.inputs = {add_buffer(graph, {BufferKind::input, Dtype::float64, {16}, "x", {}})};
  node.outputs = {add_buffer(graph, {BufferKind::temporary, Dtype::float64, {16}, "", {}})};
  graph.nodes = {node};
  EXPECT_THROW(emit(graph, {}), Error);
}

}  // namespace
}  // namespace bv2::engine::compiled
