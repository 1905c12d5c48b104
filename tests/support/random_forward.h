// Random small forwards of basic operations and linear layers: what passes and generated code are held
// against.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/compiled/trace.h"

namespace bv2::test {

/// A forward that is always the same for a seed. Its input is x [batch, tokens, 16], its state kept [batch,
/// capacity, 16]; values stay finite and small. Results have different shapes.
class RandomForward {
 public:
  explicit RandomForward(std::uint32_t seed, Dtype dtype = Dtype::float32);

  static constexpr std::int64_t width = 16;

  std::vector<engine::Tensor> run(engine::Context& context, const engine::Tensor& x,
                                  const engine::Tensor& kept, std::int64_t past) const;
  /// The same for all sizes.
  [[nodiscard]] engine::compiled::Graph trace(const engine::compiled::OpenSymbols& open) const;
  /// Random values for the input and the state, by their names.
  [[nodiscard]] std::map<std::string, engine::Tensor> inputs(const engine::compiled::Sizes& sizes) const;

 private:
  std::uint32_t seed_;
  Dtype dtype_;
  std::vector<engine::Tensor> vectors_;  // [16]
  std::vector<engine::Tensor> weights_;  // [16, 16]
};

}  // namespace bv2::test
