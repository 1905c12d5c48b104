// Result documents made by rules: whole ones, of known times, for what reads documents.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/result.h"

namespace bv2::test {

/// One mode and what it takes.
struct MadeMode {
  std::string variant = "eager";
  double first_token_seconds = 0.08;
  double token_seconds = 0.02;
  double per_context_seconds = 4e-6;  ///< each token of context adds that
};

struct DocumentRecipe {
  std::string model_name = "SmolLM2-135M";
  std::string timestamp = "2026-01-15T14:30:22.123Z";
  std::string commit_id = "0123456789abcdef";
  std::string cpu_name = "A Processor";
  std::vector<MadeMode> modes{{}, {"compiled", 0.06, 0.011, 3e-6}, {"kernelized", 0.05, 0.009, 2e-6}};
  double slowness = 1;  ///< all times are multiplied by it
  double noise = 0.01;  ///< relative standard deviation of a token's time
  std::uint32_t seed = 1;
  std::int64_t iterations = 8;
  std::int64_t prompt_tokens = 128;
  std::int64_t new_tokens = 64;  ///< 0: an encoder
  std::int64_t batch_size = 1;
};

/// Scenarios that succeeded, their iterations taken in turns.
BenchmarkDocument made_document(const DocumentRecipe& recipe);

/// Writes the document to FOLDER/MODEL/MODEL_benchmark_NAME.json and gives the path.
std::filesystem::path write_document(const std::filesystem::path& folder, const BenchmarkDocument& document,
                                     const std::string& name);

}  // namespace bv2::test
