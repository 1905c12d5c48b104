// What the decoders' classes share: configuration, embedding, head and cache.
#pragma once

#include "engine/models/parameters.h"

namespace bv2::engine {

/// A decoder but for its layers. Derived classes read embedding_, head_ and weight_bytes_.
class Decoder : public Model {
 public:
  [[nodiscard]] const ModelConfig& config() const final { return config_; }
  [[nodiscard]] Dtype dtype() const final { return dtype_; }
  [[nodiscard]] std::size_t weight_bytes() const final { return weight_bytes_; }
  [[nodiscard]] KvCache make_cache(std::int64_t batch, std::int64_t capacity) const final;

 protected:
  Decoder(const ModelConfig& config, Dtype dtype) : config_(config), dtype_(dtype) {}

  /// The embedding [vocabulary, hidden], and the head: the same, or the parameter of that name.
  void read_vocabulary(ParameterReader& read, std::string_view embedding_name, const std::string& head_name);
  void visit_vocabulary(const std::function<void(Tensor&)>& visit);
  /// hidden [batch, tokens, hidden], or of the last token alone.
  static Tensor wanted(Context& context, const Tensor& hidden, LogitsOf which);
  /// What a forward gives, from the normalised hidden states of the wanted tokens.
  Tensor output(Context& context, const Tensor& hidden, LogitsOf which) const;

  ModelConfig config_;
  Dtype dtype_;
  std::size_t weight_bytes_ = 0;
  Tensor embedding_;  // [vocabulary, hidden]
  Tensor head_;       // [vocabulary, hidden]; the embedding itself where they are tied
};

}  // namespace bv2::engine
