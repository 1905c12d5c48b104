// Traces a model's forward, with the choice of the next token.
#include "engine/compiled/model_graphs.h"

#include <fmt/format.h>

#include "engine/compiled/trace.h"
#include "engine/ops/basic.h"

namespace bv2::engine::compiled {
namespace {

/// A cache of the shapes that the model asks for, without values.
KvCache traced_cache(const KvCache& real, Tracer& tracer, const Sizes& sizes, bool padding) {
  KvCache cache = real;
  for (std::size_t layer = 0; layer < cache.layers.size(); ++layer) {
    KvCache::Layer& of = cache.layers[layer];
    of.keys = tracer.state(fmt::format("keys.{}", layer), of.keys.dtype(), of.keys.shape());
    of.values = tracer.state(fmt::format("values.{}", layer), of.values.dtype(), of.values.shape());
  }
  cache.length = sizes.past;
  if (padding) cache.padding = tracer.input("padding", Dtype::int64, {sizes.batch});
  return cache;
}

}  // namespace

std::string graph_name(const GraphKind& kind) {
  const std::string_view phase = kind.one_token                        ? "decode"
                                 : kind.logits == LogitsOf::all_tokens ? "forward"
                                                                       : "prefill";
  return fmt::format("{}{}", phase, kind.padding ? "_padded" : "");
}

Graph trace_model(const Model& model, AttentionPath attention, const GraphKind& kind) {
  const bool chooses = model.config().causal && kind.logits == LogitsOf::last_token;
  const auto forward = [&](Context& context, Tracer& tracer, const Sizes& sizes) {
    const Tensor ids = tracer.input("ids", Dtype::int64, {sizes.batch, sizes.tokens});
    KvCache cache = traced_cache(model.make_cache(sizes.batch, sizes.capacity), tracer, sizes, kind.padding);
    const Tensor logits = model.forward(context, ids, cache, kind.logits);
    std::vector<Tensor> results{logits};
    if (chooses) results.push_back(argmax(context, logits));
    return results;
  };
  return trace(graph_name(kind), {.batch = true, .tokens = !kind.one_token, .past = model.config().causal},
               attention, forward);
}

}  // namespace bv2::engine::compiled
