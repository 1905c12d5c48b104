// A second implementation of some decoders: loops in double precision after the formulas of transformers'
// modeling files, without a cache and without anything of the engine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace bv2::test {

/// Tensors by the names that they have in a checkpoint, row-major.
using PlainWeights = std::map<std::string, std::vector<double>, std::less<>>;

/// Logits [tokens, vocabulary] of one sequence, for a config.json of model_type llama, olmo2, qwen3_moe or
/// smollm3, as transformers 5 writes it (rope_parameters). Throws std::out_of_range where a weight is
/// missing.
std::vector<double> plain_logits(const Json& config, const PlainWeights& weights,
                                 const std::vector<std::int64_t>& ids);

}  // namespace bv2::test
