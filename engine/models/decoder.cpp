// What the decoders' classes share: configuration, embedding, head and cache.
#include "engine/models/decoder.h"

#include "engine/ops/basic.h"

namespace bv2::engine {

KvCache Decoder::make_cache(std::int64_t batch, std::int64_t capacity) const {
  return allocate_cache(config_, dtype_, batch, capacity);
}

void Decoder::read_vocabulary(ParameterReader& read, std::string_view embedding_name,
                              const std::string& head_name) {
  embedding_ = read.embedding(embedding_name, {config_.vocab_size, config_.hidden_size});
  head_ = config_.tie_word_embeddings
              ? embedding_
              : read.linear(head_name, config_.vocab_size, config_.hidden_size, false).weight;
}

void Decoder::visit_vocabulary(const std::function<void(Tensor&)>& visit) {
  visit(head_);
  // A table that is not the head's is only looked up: it stays as it is.
  if (config_.tie_word_embeddings) visit(embedding_);
}

Tensor Decoder::wanted(Context& context, const Tensor& hidden, LogitsOf which) {
  const std::int64_t tokens = hidden.size(1);
  return which == LogitsOf::all_tokens ? hidden : slice(context, hidden, 1, tokens - 1, tokens);
}

Tensor Decoder::output(Context& context, const Tensor& hidden, LogitsOf which) const {
  const bool greedy = which == LogitsOf::greedy_token;
  // Rounding after a softcap may make logits equal that were not.
  const bool softcap = config_.final_softcap != 0;
  if (greedy && !softcap) return context.apply(GreedyHead{}, hidden, head_);
  Tensor logits = context.apply(Linear{}, hidden, head_, Tensor());
  if (softcap) logits = context.apply(Softcap{config_.final_softcap}, logits);
  return greedy ? argmax(context, logits) : logits;
}

}  // namespace bv2::engine
