// Every pass: what it does to a small graph, and that random graphs compute the same after it.
#include "engine/compiled/passes/passes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/compiled/trace.h"
#include "engine/eager/eager_executor.h"
#include "engine/ops/basic.h"
#include "engine/ops/layer.h"
#include "support/graph_interpreter.h"
#include "support/random_forward.h"
#include "support/values.h"

namespace bv2::engine::compiled {
namespace {

/// A graph of x [batch, tokens, 8].
Graph graph_of(const std::function<Tensor(Context&, const Tensor& x)>& forward) {
  return trace("test", {.past = false}, AttentionPath::eager,
               [&](Context& context, Tracer& tracer, const Sizes& sizes) {
                 return std::vector{
                     forward(context, tracer.input("x", Dtype::float32, {sizes.batch, sizes.tokens, 8}))};
               });
}

/// Its text without the first line and the declarations.
std::string nodes_after(Graph graph, void (*pass)(Graph&)) {
  pass(graph);
  check(graph);
  const std::string text = to_text(graph);
  std::string nodes;
  for (std::size_t begin = text.find('\n') + 1; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    const bool declares =
        line.find("= input") != std::string::npos || line.find("= constant") != std::string::npos;
    if (!declares) nodes += line;
    begin = end;
  }
  return nodes;
}

TEST(Passes, FoldConstantsComputesWhatDependsOnThemAlone) {
  const Tensor weight = test::tensor_from(std::vector<double>(8, 2), Dtype::float32, {8});
  Graph graph = graph_of(
      [&](Context& context, const Tensor& x) { return mul(context, x, add_scalar(context, weight, 1)); });
  EXPECT_EQ(nodes_after(graph, fold_constants),
            "  %2 float32 [batch, tokens, 8] = mul(%0, %1[batch, tokens, 8 : 0, 0, 1])\nresults %2\n");
  fold_constants(graph);
  const auto folded = std::ranges::find_if(graph.buffers, [&](const Buffer& buffer) {
    return buffer.kind == BufferKind::constant && buffer.tensor.storage() != weight.storage();
  });
  ASSERT_NE(folded, graph.buffers.end());
  EXPECT_EQ(test::values_of(folded->tensor), std::vector<double>(8, 3));
}

TEST(Passes, RemoveNoOpsLetsReadersReadTheSource) {
  EXPECT_EQ(nodes_after(graph_of([](Context& context, const Tensor& x) {
                          const Tensor copy =
                              context.execute(BasicOp::contiguous, {mul_scalar(context, x, 1)});
                          return neg(context, add_scalar(context, copy, 0));
                        }),
                        remove_no_ops),
            "  %1 float32 [batch, tokens, 8] = neg(%0)\nresults %1\n");
}

TEST(Passes, MergeCommonComputesOnce) {
  EXPECT_EQ(nodes_after(graph_of([](Context& context, const Tensor& x) {
                          return add(context, exp(context, neg(context, x)), exp(context, neg(context, x)));
                        }),
                        merge_common),
            "  %1 float32 [batch, tokens, 8] = neg(%0)\n"
            "  %2 float32 [batch, tokens, 8] = exp(%1)\n"
            "  %3 float32 [batch, tokens, 8] = add(%2, %2)\n"
            "results %3\n");
}

TEST(Passes, SplitJoinsWorksOnTheParts) {
  EXPECT_EQ(nodes_after(graph_of([](Context& context, const Tensor& x) {
                          const Tensor turned = concat(
                              context, {slice(context, x, 2, 4, 8), neg(context, slice(context, x, 2, 0, 4))},
                              2);
                          return sum(context, exp(context, turned));
                        }),
                        split_joins),
            "  %1 float32 [batch, tokens, 4] = neg(%0[batch, tokens, 4 : 8*tokens, 8, 1])\n"
            "  %2 float32 [batch, tokens, 4] = exp(%0[batch, tokens, 4 : 8*tokens, 8, 1 @ 4])\n"
            "  %3 float32 [batch, tokens, 4] = exp(%1)\n"
            "  %4[batch, tokens, 4 : 8*tokens, 8, 1] float32 [batch, tokens, 8] = copy(%2)\n"
            "  %4[batch, tokens, 4 : 8*tokens, 8, 1 @ 4] = copy(%3)\n"
            "  %5 float32 [batch, tokens, 1] = sum(%4)\n"
            "results %5\n");
}

TEST(Passes, SplitJoinsGoesIntoJoinsOfJoins) {
  // As rotation of a part of a head: what is turned is joined with what stays.
  const std::string text =
      nodes_after(graph_of([](Context& context, const Tensor& x) {
                    const Tensor turned = concat(
                        context, {neg(context, slice(context, x, 2, 2, 4)), slice(context, x, 2, 0, 2)}, 2);
                    const Tensor rotated = mul(context, turned, slice(context, x, 2, 0, 4));
                    return exp(context, concat(context, {rotated, slice(context, x, 2, 4, 8)}, 2));
                  }),
                  split_joins);
  EXPECT_THAT(text, testing::HasSubstr("[batch, tokens, 2] = exp("));
  EXPECT_THAT(text, testing::HasSubstr("[batch, tokens, 4] = exp(%0["));
}

TEST(Passes, CombineProductsJoinsThoseOfOneInput) {
  const Tensor weight(Dtype::float32, {4, 8});
  const Tensor other(Dtype::float32, {2, 8});
  EXPECT_EQ(
      nodes_after(graph_of([&](Context& context, const Tensor& x) {
                    const Tensor a = context.apply(Linear{}, x, weight, Tensor());
                    const Tensor b = context.apply(Linear{}, x, other, Tensor());
                    const Tensor total = sum(context, a);
                    return mul(context, total, sum(context, b));
                  }),
                  combine_products),
      "  %3 float32 [batch, tokens, 4], %4 float32 [batch, tokens, 2] = product(%0, %1, none, %2, none)\n"
      "  %5 float32 [batch, tokens, 1] = sum(%3)\n"
      "  %6 float32 [batch, tokens, 1] = sum(%4)\n"
      "  %7 float32 [batch, tokens, 1] = mul(%5, %6)\n"
      "results %7\n");
}

TEST(Passes, OrderDimensionsFollowsMemory) {
  EXPECT_EQ(nodes_after(graph_of([](Context& context, const Tensor& x) {
                          const Tensor heads = reshape(context, x, {x.size(0), x.size(1), 2, 4});
                          return max(context, neg(context, transpose(context, heads, 1, 2)));
                        }),
                        order_dimensions),
            "  %1 float32 [batch, tokens, 2, 4] = neg(%0[batch, tokens, 2, 4])\n"
            "  %2[batch, tokens, 2, 1 : 2*tokens, 1, tokens, 1] float32 [batch, 2, tokens, 1] = max(%1)\n"
            "results %2\n");
}

TEST(Passes, FuseFormsGroupsOfCommonRows) {
  EXPECT_EQ(
      nodes_after(graph_of([](Context& context, const Tensor& x) { return context.apply(Softmax{}, x); }),
                  fuse),
      "  group rows [batch, tokens]\n"
      "    %1 local float32 [batch, tokens, 1] = max(%0)\n"
      "    %2 local float32 [batch, tokens, 8] = sub(%0, %1[batch, tokens, 8 : tokens, 1, 0])\n"
      "    %3 local float32 [batch, tokens, 8] = exp(%2)\n"
      "    %4 local float32 [batch, tokens, 1] = sum(%3)\n"
      "    %5 float32 [batch, tokens, 8] = div(%3, %4[batch, tokens, 8 : tokens, 1, 0])\n"
      "results %5\n");
}

TEST(Passes, FuseKeepsApartWhatReadsOtherRows) {
  // Each row of the second operation reads the first's row before it.
  const Graph graph = graph_of([](Context& context, const Tensor& x) {
    const Tensor tanh_x = tanh(context, x);
    return add(context, slice(context, tanh_x, 1, 0, x.size(1) - 1), slice(context, x, 1, 1, x.size(1)));
  });
  const std::string text = nodes_after(graph, fuse);
  EXPECT_THAT(text, testing::HasSubstr("group rows [batch, tokens]\n"));
  EXPECT_THAT(text, testing::HasSubstr("group rows [batch, tokens - 1]\n"));
}

TEST(Passes, FuseProductsTakesWhatFollowsEachElement) {
  const Tensor weight(Dtype::float32, {8, 8});
  const Graph graph = trace("test", {.tokens = false, .past = false}, AttentionPath::eager,
                            [&](Context& context, Tracer& tracer, const Sizes& sizes) {
                              const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch, 1, 8});
                              const Tensor y = add(context, x, context.apply(Linear{}, x, weight, Tensor()));
                              return std::vector{mul(context, y, sum(context, y))};
                            });
  Graph fused = graph;
  optimise(fused);
  EXPECT_EQ(to_text(fused),
            "graph test: tokens = 1\n"
            "  %0 = input x float32 [batch, 1, 8]\n"
            "  %1 = constant float32 [8, 8]\n"
            "  group rows [batch]\n"
            "    %2 local float32 [batch, 8] = product(%0[batch, 8], %1, none)\n"
            "    %3 float32 [batch, 8] = add(%0[batch, 8], %2)\n"
            "  group rows [batch]\n"
            "    %4 local float32 [batch, 1] = sum(%3)\n"
            "    %3 = mul(%3, %4[batch, 8 : 1, 0])\n"
            "results %3[batch, 1, 8]\n");
}

TEST(Passes, FuseProductsOfManyRowsTakesWhatIsDoneWithThem) {
  const Tensor weight = test::tensor_from(std::vector<double>(64, 0.5), Dtype::float32, {8, 8});
  Graph graph = graph_of([&](Context& context, const Tensor& x) {
    const Tensor y = add(context, x, context.apply(Linear{}, x, weight, Tensor()));
    return mul(context, y, sum(context, y));
  });
  optimise(graph, {.off = {"reuse_in_place"}, .after = {}});
  const std::string text = to_text(graph);
  EXPECT_EQ(text.substr(text.find("  group rows")),
            "  group rows [batch, tokens]\n"
            "    %2 local float32 [batch, tokens, 8] = product(%0, %1, none)\n"
            "    %3 float32 [batch, tokens, 8] = add(%0, %2)\n"
            "  group rows [batch, tokens]\n"
            "    %4 local float32 [batch, tokens, 1] = sum(%3)\n"
            "    %5 float32 [batch, tokens, 8] = mul(%3, %4[batch, tokens, 8 : tokens, 1, 0])\n"
            "results %5\n");
}

TEST(Passes, FuseProductsOfManyRowsLeavesWhatNoLibraryDoes) {
  // exp is no activation; the product is read behind the sum, too.
  const Tensor weight = test::tensor_from(std::vector<double>(64, 0.5), Dtype::float32, {8, 8});
  for (const bool read_again : {false, true}) {
    Graph graph = graph_of([&](Context& context, const Tensor& x) {
      const Tensor product = context.apply(Linear{}, x, weight, Tensor());
      if (!read_again) return exp(context, product);
      const Tensor y = add(context, x, product);
      return mul(context, product, sum(context, y));
    });
    optimise(graph);
    const std::string text = to_text(graph);
    EXPECT_LT(text.find("= product("), text.find("  group rows")) << text;
  }
}

/// As a layer ends and the next begins: x + x weight^T, its norm, the product of that, and what `more` makes
/// of the norm.
std::string text_of_norm_and_product(bool norm_is_read_behind) {
  const Tensor weight = test::tensor_from(std::vector<double>(64, 0.5), Dtype::float32, {8, 8});
  const Tensor scale = test::tensor_from(std::vector<double>(8, 2), Dtype::float32, {8});
  Graph graph = trace("test", {.tokens = false, .past = false}, AttentionPath::eager,
                      [&](Context& context, Tracer& tracer, const Sizes& sizes) {
                        const Tensor x = tracer.input("x", Dtype::float32, {sizes.batch, 1, 8});
                        const Tensor y = add(context, x, context.apply(Linear{}, x, weight, Tensor()));
                        const Tensor norm = mul(context, mul(context, y, sum(context, y)), scale);
                        const Tensor z = context.apply(Linear{}, norm, weight, Tensor());
                        return std::vector{add(context, norm_is_read_behind ? norm : y, z)};
                      });
  optimise(graph);
  const std::string text = to_text(graph);
  return text.substr(text.find("  group rows"));
}

TEST(Passes, FuseInputsComputesANormWhereItIsMultiplied) {
  EXPECT_EQ(text_of_norm_and_product(false),
            "  group rows [batch]\n"
            "    %3 local float32 [batch, 8] = product(%0[batch, 8], %1, none)\n"
            "    %4 float32 [batch, 8] = add(%0[batch, 8], %3)\n"
            "  group rows [batch]\n"
            "    %5 local float32 [batch, 1] = sum(%4)\n"
            "    %6 local float32 [batch, 8] = mul(%4, %5[batch, 8 : 1, 0])\n"
            "    %7 local float32 [batch, 8] = mul(%6, %2[batch, 8 : 0, 1])\n"
            "    %8 local float32 [batch, 8] = product(%7, %1, none)\n"
            "    %9 float32 [batch, 8] = add(%4, %8)\n"
            "results %9[batch, 1, 8]\n");
}

TEST(Passes, FuseInputsLeavesWhatOthersReadToo) {
  const std::string text = text_of_norm_and_product(true);
  const std::size_t norm = text.find("= sum(");
  ASSERT_NE(norm, std::string::npos);
  EXPECT_NE(text.find("  group rows", norm), std::string::npos) << "a step of its own: " << text;
}

TEST(Passes, ReuseInPlaceTakesAnInputThatEnds) {
  // x is the caller's; the chain needs one buffer.
  EXPECT_EQ(nodes_after(graph_of([](Context& context, const Tensor& x) {
                          return tanh(context, exp(context, neg(context, x)));
                        }),
                        reuse_in_place),
            "  %1 float32 [batch, tokens, 8] = neg(%0)\n"
            "  %1 = exp(%1)\n"
            "  %1 = tanh(%1)\n"
            "results %1\n");
}

TEST(Passes, ReuseInPlaceSparesWhatIsReadElsewhere) {
  // Read again later; seen in another order; of another dtype.
  const auto later = [](Context& context, const Tensor& x) {
    const Tensor a = neg(context, x);
    return mul(context, exp(context, a), a);
  };
  EXPECT_EQ(nodes_after(graph_of(later), reuse_in_place),
            "  %1 float32 [batch, tokens, 8] = neg(%0)\n"
            "  %2 float32 [batch, tokens, 8] = exp(%1)\n"
            "  %2 = mul(%2, %1)\n"
            "results %2\n");
  const auto turned = [](Context& context, const Tensor& x) {
    const Tensor a = neg(context, x);
    const Tensor halves = reshape(context, a, {x.size(0), x.size(1), 2, 4});
    return exp(context, transpose(context, halves, 2, 3));
  };
  EXPECT_THAT(nodes_after(graph_of(turned), reuse_in_place), testing::HasSubstr("%2 float32"));
  const auto narrow = [](Context& context, const Tensor& x) {
    return cast(context, neg(context, x), Dtype::bfloat16);
  };
  EXPECT_THAT(nodes_after(graph_of(narrow), reuse_in_place), testing::HasSubstr("%2 bfloat16"));
}

TEST(Passes, ReuseInPlaceWritesOverWhatARowHasRead) {
  Graph graph =
      graph_of([](Context& context, const Tensor& x) { return context.apply(Softmax{}, neg(context, x)); });
  // The first operation apart from the others, as a product would be.
  Node first = graph.nodes[0];
  graph.nodes.erase(graph.nodes.begin());
  fuse(graph);
  graph.nodes.insert(graph.nodes.begin(), first);
  graph.buffers[static_cast<std::size_t>(first.outputs[0].buffer)].kind = BufferKind::temporary;
  EXPECT_EQ(nodes_after(graph, reuse_in_place),
            "  %1 float32 [batch, tokens, 8] = neg(%0)\n"
            "  group rows [batch, tokens]\n"
            "    %2 local float32 [batch, tokens, 1] = max(%1)\n"
            "    %3 local float32 [batch, tokens, 8] = sub(%1, %2[batch, tokens, 8 : tokens, 1, 0])\n"
            "    %4 local float32 [batch, tokens, 8] = exp(%3)\n"
            "    %5 local float32 [batch, tokens, 1] = sum(%4)\n"
            "    %1 = div(%4, %5[batch, tokens, 8 : tokens, 1, 0])\n"
            "results %1\n");
}

TEST(Passes, RemoveDeadKeepsResultsAndStates) {
  EXPECT_EQ(nodes_after(graph_of([](Context& context, const Tensor& x) {
                          (void)exp(context, neg(context, x));
                          return tanh(context, x);
                        }),
                        remove_dead),
            "  %1 float32 [batch, tokens, 8] = tanh(%0)\nresults %1\n");
}

TEST(Passes, RemoveDeadTakesWeightsThatNobodyNeedsFromProducts) {
  const Tensor weight(Dtype::float32, {4, 8});
  const Tensor other(Dtype::float32, {2, 8});
  const Tensor bias(Dtype::float32, {2});
  Graph graph = graph_of([&](Context& context, const Tensor& x) {
    (void)context.apply(Linear{}, x, weight, Tensor());
    const Tensor needed = context.apply(Linear{}, x, other, bias);
    (void)exp(context, context.apply(Linear{}, x, weight, Tensor()));
    return needed;
  });
  combine_products(graph);
  EXPECT_EQ(nodes_after(std::move(graph), remove_dead),
            "  %3 float32 [batch, tokens, 2] = product(%0, %1, %2)\nresults %3\n");
}

TEST(Passes, CanBeSwitchedOffByName) {
  Graph graph =
      graph_of([](Context& context, const Tensor& x) { return neg(context, mul_scalar(context, x, 1)); });
  std::vector<std::string> ran;
  optimise(graph, {.off = {"fuse", "remove_no_ops"},
                   .after = [&](std::string_view pass, const Graph&) { ran.emplace_back(pass); }});
  EXPECT_THAT(ran, testing::Not(testing::Contains("fuse")));
  EXPECT_EQ(ran.size(), passes().size() - 2);
  EXPECT_THAT(to_text(graph), testing::HasSubstr("mul_scalar"));
  EXPECT_THROW(optimise(graph, {.off = {"fuze"}, .after = {}}), Error);
}

/// The same operations on the same numbers, in another order of rows: bit for bit.
void expect_same_values(const std::vector<Tensor>& found, const std::vector<Tensor>& expected,
                        const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_EQ(test::values_of(found[i]), test::values_of(expected[i])) << what << ", result " << i;
}

class RandomGraphs : public testing::TestWithParam<bool> {};

TEST_P(RandomGraphs, ComputeTheSameAfterEachPass) {
  const bool one_token = GetParam();
  EagerExecutor executor;
  const Sizes sizes{.batch = 2, .tokens = one_token ? 1 : 3, .past = 4, .capacity = 9};
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const test::RandomForward forward(seed);
    const auto direct = forward.inputs(sizes);
    Context context(executor, AttentionPath::eager);
    const std::vector<Tensor> expected = forward.run(context, direct.at("x"), direct.at("kept"), sizes.past);
    Graph graph = forward.trace({.tokens = !one_token});
    optimise(graph, {.off = {}, .after = [&](std::string_view pass, const Graph& now) {
                       expect_same_values(test::interpret(now, sizes, forward.inputs(sizes), executor),
                                          expected, fmt::format("seed {} after {}", seed, pass));
                     }});
    if (HasFailure()) FAIL() << to_text(graph);
  }
}

TEST_P(RandomGraphs, ComputeTheSameWithoutAnyPass) {
  const bool one_token = GetParam();
  EagerExecutor executor;
  const Sizes sizes{.batch = 1, .tokens = one_token ? 1 : 2, .past = 0, .capacity = 5};
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const test::RandomForward forward(seed);
    const auto direct = forward.inputs(sizes);
    Context context(executor, AttentionPath::eager);
    const std::vector<Tensor> expected = forward.run(context, direct.at("x"), direct.at("kept"), sizes.past);
    for (const Pass& pass : passes()) {
      Graph graph = forward.trace({.tokens = !one_token});
      optimise(graph, {.off = {std::string(pass.name)}, .after = {}});
      expect_same_values(test::interpret(graph, sizes, forward.inputs(sizes), executor), expected,
                         fmt::format("seed {} without {}", seed, pass.name));
      if (HasFailure()) FAIL() << to_text(graph);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tokens, RandomGraphs, testing::Bool(),
                         [](const auto& info) { return info.param ? "one" : "several"; });

}  // namespace
}  // namespace bv2::engine::compiled
