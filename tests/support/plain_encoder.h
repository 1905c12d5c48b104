// An encoder of the BERT kind in plain float64 loops, after the papers' formulas: the reference of the
// families that have no fixture. Shares no code with the engine.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bv2::test {

/// Parameters by the name that transformers saves them under, row-major.
using PlainParameters = std::map<std::string, std::vector<double>>;

struct PlainEncoderSizes {
  std::int64_t vocabulary = 0, hidden = 0, intermediate = 0, layers = 0, heads = 0, positions = 0;
  std::int64_t segments = 0;        ///< 0: no segment embeddings
  std::int64_t first_position = 0;  ///< row of the position table of a text's first token
  double epsilon = 0;
};

/// What a kind of encoder calls its parameters; "{}" stands for the layer.
struct PlainEncoderNames {
  std::string words, positions, segments, embedding_norm;
  std::string q, k, v, output, attention_norm, up, down, mlp_norm;
};

/// The hidden states [tokens, hidden] of one text.
std::vector<double> plain_encoder(const PlainParameters& parameters, const PlainEncoderNames& names,
                                  const PlainEncoderSizes& sizes, const std::vector<std::int64_t>& ids);

}  // namespace bv2::test
