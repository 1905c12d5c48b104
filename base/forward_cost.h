// What a forward of a model has to read and to compute at least, as numbers: an engine counts it, the
// framework holds measured times against it.
#pragma once

#include <cstdint>
#include <vector>

namespace bv2 {

/// Layers whose queries see the same number of keys, together.
struct AttentionCost {
  std::int64_t window = 0;                    ///< keys that a query sees at most; 0: all
  std::int64_t cache_bytes_per_position = 0;  ///< keys and values of one position
  std::int64_t operations_per_position = 0;   ///< of one query with one key and its value
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("window", self.window);
    visit("cache_bytes_per_position", self.cache_bytes_per_position);
    visit("operations_per_position", self.operations_per_position);
  }
};

/// From the shapes of the weights. Operations are multiplications and additions of matrix products. Norms,
/// activations and rotations are left out, being less than one in a hundred; so is what is written and read
/// again in between, which stays in caches.
struct ForwardCost {
  std::int64_t weight_bytes = 0;          ///< read once by any forward, however many tokens it has
  std::int64_t operations_per_token = 0;  ///< without head and attention
  std::int64_t head_operations = 0;       ///< for each position whose logits are computed
  std::int64_t experts = 0;               ///< 0: no mixture of experts
  std::int64_t experts_per_token = 0;
  std::int64_t expert_bytes = 0;  ///< of one expert in every layer that has them
  bool causal = true;             ///< a query sees its own key and those before; false: all
  std::vector<AttentionCost> attention;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("weight_bytes", self.weight_bytes);
    visit("operations_per_token", self.operations_per_token);
    visit("head_operations", self.head_operations);
    visit("experts", self.experts);
    visit("experts_per_token", self.experts_per_token);
    visit("expert_bytes", self.expert_bytes);
    visit("causal", self.causal);
    visit("attention", self.attention);
  }
};

}  // namespace bv2
