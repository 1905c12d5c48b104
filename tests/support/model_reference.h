// The outputs of Hugging Face transformers that a fixture carries.
#pragma once

#include <array>
#include <filesystem>

#include "engine/tensor/tensor.h"

namespace bv2::test {

/// The decoders in tests/data/models whose outputs are known: a family is one line.
inline constexpr std::array decoder_fixtures{
    "llama",            //
    "llama3-rope",      //
    "mistral-sliding",  //
    "phi3",             //
    "qwen2",            //
    "qwen3",            //
};

/// The tensors of expected.safetensors; those that a fixture does not have are undefined.
struct ModelReference {
  engine::Tensor input_ids;          ///< int64 [batch, tokens]
  engine::Tensor logits;             ///< float32 [batch, tokens, vocabulary]
  engine::Tensor generated_ids;      ///< int64 [batch, new tokens]
  engine::Tensor last_hidden_state;  ///< float32 [batch, tokens, hidden]
};

ModelReference read_model_reference(const std::filesystem::path& path);

}  // namespace bv2::test
