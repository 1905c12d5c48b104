// The inputs that fuzzing has kept, given to the targets again.
#include <gtest/gtest.h>

#include "fuzz/model_config_target.h"
#include "fuzz/safetensors_target.h"
#include "fuzz/tokenizer_target.h"
#include "support/corpus.h"

namespace bv2::engine {
namespace {

TEST(FuzzCorpus, Safetensors) { EXPECT_GT(test::replay_corpus("safetensors", test::fuzz_safetensors), 100U); }

TEST(FuzzCorpus, ModelConfig) {
  EXPECT_GT(test::replay_corpus("model_config", test::fuzz_model_config), 20U);
}

TEST(FuzzCorpus, Tokenizer) { EXPECT_GT(test::replay_corpus("tokenizer", test::fuzz_tokenizer), 7U); }

}  // namespace
}  // namespace bv2::engine
