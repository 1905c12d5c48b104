// What every model family gives: one forward, used for prefill and decode, in every mode.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/loading/model_config.h"
#include "engine/loading/weight_source.h"
#include "engine/ops/context.h"

namespace bv2::engine {

/// Keys and values of the tokens seen so far, in memory that is allocated once. An encoder's has no layers
/// and its length stays 0: it only says what of a batch is padding.
struct KvCache {
  struct Layer {
    Tensor keys;    ///< [batch, kv_heads, capacity, head_dim]
    Tensor values;  ///< [batch, kv_heads, capacity, head_dim]
  };
  std::vector<Layer> layers;
  std::int64_t length = 0;    ///< tokens seen
  std::int64_t capacity = 0;  ///< tokens it can hold
  Tensor padding;             ///< int64 [batch]: leading padding tokens of each row, or undefined

  /// Forgets all tokens; the memory stays.
  void clear() { length = 0; }
};

/// What a forward gives: outputs of these positions, or, of a decoder, only where the last position's logits
/// are largest, so that they need not be stored.
enum class LogitsOf { last_token, all_tokens, greedy_token };

/// A decoder, or an encoder (not config().causal), with its weights. const once it is prepared, so that
/// sessions may share it.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual const ModelConfig& config() const = 0;
  [[nodiscard]] virtual Dtype dtype() const = 0;
  [[nodiscard]] virtual std::size_t weight_bytes() const = 0;
  /// Calls visit with each matrix [out, in] that products or look-ups read, in the order in which a forward
  /// reads them, each place that holds a shared one (tied embeddings) included. Kernelized mode packs them
  /// through this, before the model is used.
  virtual void visit_matrices(const std::function<void(Tensor&)>& visit) = 0;
  [[nodiscard]] virtual KvCache make_cache(std::int64_t batch, std::int64_t capacity) const = 0;
  /// ids int64 [batch, tokens] follow what the cache holds and are added to it -> [batch, 1 or tokens, width]
  /// in the model's dtype: a decoder's logits over the vocabulary, an encoder's last hidden state. For
  /// LogitsOf::greedy_token int64 [batch, 1]: argmax of the last token's logits.
  virtual Tensor forward(Context& context, const Tensor& ids, KvCache& cache, LogitsOf which) const = 0;
};

/// Makes the model of config.model_type. Throws Error for a family that is not known and for weights that do
/// not fit.
std::unique_ptr<Model> make_model(const ModelConfig& config, WeightSource& weights, Dtype dtype);
/// The model types that make_model knows.
std::vector<std::string_view> supported_model_types();

}  // namespace bv2::engine
