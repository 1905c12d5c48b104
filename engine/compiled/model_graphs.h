// The graphs of a model's forward.
#pragma once

#include <string>

#include "engine/compiled/graph.h"
#include "engine/models/model.h"

namespace bv2::engine::compiled {

/// What distinguishes the graphs of one model in one attention path.
struct GraphKind {
  bool one_token = false;  ///< a decode step
  bool padding = false;    ///< rows have leading padding
  LogitsOf logits = LogitsOf::last_token;

  friend auto operator<=>(const GraphKind&, const GraphKind&) = default;
};

/// "prefill", "decode" or "forward" (all tokens' results), with "_padded" where rows have padding.
std::string graph_name(const GraphKind& kind);

/// Inputs: ids [batch, tokens], and padding [batch] where there is some; states: keys.N and values.N of
/// layer N. Results: the logits [batch, 1 or tokens, vocabulary] (an encoder's last hidden state) and, where
/// they are a decoder's of the last token, the largest one's index [batch, 1].
Graph trace_model(const Model& model, AttentionPath attention, const GraphKind& kind);

}  // namespace bv2::engine::compiled
