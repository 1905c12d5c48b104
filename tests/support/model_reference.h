// The outputs of Hugging Face transformers that a fixture carries.
#pragma once

#include <filesystem>

#include "engine/tensor/tensor.h"
#include "support/decoder_fixtures.h"

namespace bv2::test {

/// The tensors of expected.safetensors; those that a fixture does not have are undefined.
struct ModelReference {
  engine::Tensor input_ids;          ///< int64 [batch, tokens]
  engine::Tensor logits;             ///< float32 [batch, tokens, vocabulary]
  engine::Tensor generated_ids;      ///< int64 [batch, new tokens]
  engine::Tensor last_hidden_state;  ///< float32 [batch, tokens, hidden]
};

ModelReference read_model_reference(const std::filesystem::path& path);

}  // namespace bv2::test
