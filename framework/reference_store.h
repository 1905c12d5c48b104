// References that were computed once, kept by what they depend on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/interrupt.h"
#include "framework/prompt.h"
#include "framework/scenario_config.h"

namespace bv2 {

/// All that a reference depends on.
struct ReferenceQuestion {
  std::string program{};  ///< see program_digest: another build may compute otherwise
  std::string model{};    ///< see model_digest; of a benchmark's own shape: the benchmark
  PromptRequest prompt{};
  std::optional<std::int64_t> sequence_length{};
  std::int64_t batch_size = 1;
  std::int64_t seed = 0;
  std::int64_t new_tokens = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("program", self.program);
    visit("model", self.model);
    visit("prompt", self.prompt);
    visit("sequence_length", self.sequence_length);
    visit("batch_size", self.batch_size);
    visit("seed", self.seed);
    visit("new_tokens", self.new_tokens);
  }
};

/// A hash of which program this is: every file that is loaded into the process, by place, size and time of
/// change.
std::string program_digest();

/// A hash of the contents of a checkpoint folder: its .json and .safetensors files (about half a second a
/// gigabyte). Throws Error for what cannot be read, Interrupted.
std::string model_digest(const std::filesystem::path& folder, const InterruptFlag& interrupt);

/// Files named by a hash of the question.
class ReferenceStore {
 public:
  explicit ReferenceStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path file_of(const ReferenceQuestion& question) const;
  /// removes the oldest files until no more than that is left. Never fails.
  void trim(std::uintmax_t most_bytes) const;

 private:
  std::filesystem::path folder_;
};

/// What is left of other runs' references.
constexpr std::uintmax_t most_reference_bytes = std::uintmax_t{512} << 20U;

/// Why there is not enough memory for a float32 copy of a model; nothing where there is, or where either
/// number is not known.
std::optional<std::string> reference_memory_shortage(std::optional<std::int64_t> parameters,
                                                     std::optional<std::int64_t> available_bytes);

}  // namespace bv2
