// The decoders whose outputs are known.
#pragma once

#include <array>

namespace bv2::test {

/// The decoders in tests/data/models with the outputs of Hugging Face transformers: a family is one line.
inline constexpr std::array decoder_fixtures{
    "gemma2",           //
    "gemma3",           //
    "gpt-neox",         //
    "gpt2",             //
    "llama",            //
    "llama3-rope",      //
    "mistral-sliding",  //
    "mixtral",          //
    "phi3",             //
    "qwen2",            //
    "qwen3",            //
};

}  // namespace bv2::test
