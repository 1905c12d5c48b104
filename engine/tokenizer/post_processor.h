// What puts special tokens around the ids of a text.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

/// The ids that a post-processor puts around a text. Templates that repeat the text are refused.
struct SpecialFrame {
  std::vector<std::int64_t> prefix;
  std::vector<std::int64_t> suffix;
};

/// BertProcessing, ByteLevel (which only moves offsets), RobertaProcessing, Sequence, TemplateProcessing (the
/// template for a single text).
SpecialFrame read_special_frame(const ConfigNode& node);

}  // namespace bv2::engine::tokenizer
