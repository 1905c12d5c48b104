// A checkpoint folder as Hugging Face publishes it, as a source of weights.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/loading/safetensors.h"
#include "engine/loading/weight_source.h"

namespace bv2::engine {

/// Reads `model.safetensors`, or the shards of `model.safetensors.index.json`. float32, bfloat16, float16 and
/// float64 tensors are converted to the run's dtype, rounded to nearest even; integer ones are refused. What
/// is read goes straight into the new tensor, chunk by chunk and on all OpenMP threads, and its pages are
/// given back, so that memory peaks near one copy of the weights in the run's dtype. No tensor is kept.
///
/// Names. A family asks for the names that its causal-LM (encoders: base) class has in transformers. As in
/// transformers, a checkpoint of the class without a head, or of one that wraps the model, is accepted too:
/// where NAME is not there, the following are tried in this order, and the first that is there is taken:
///   1. NAME without its base prefix (`model.`, `transformer.`, `gpt_neox.`, `bert.`, `roberta.`,
///      `distilbert.`);
///   2. a base prefix before NAME;
///   3. NAME with its base prefix replaced by that of a wrapping class: `model.language_model.` or
///      `language_model.model.`; and `language_model.` before NAME (`lm_head.weight` in a Gemma 3 with
///      vision);
///   4. all of these with `.gamma` for `.weight` and `.beta` for `.bias`, as BERT's oldest checkpoints have
///   it.
class Checkpoint final : public WeightSource {
 public:
  /// Opens all files and checks their headers; reads no tensor. Throws UsageError when there is no such
  /// folder or no config.json in it, else Error: weights in another format, a missing shard, a malformed
  /// index, a tensor that the index lists and the shard does not have, whatever is wrong with a file.
  explicit Checkpoint(const std::filesystem::path& folder);

  [[nodiscard]] bool has(std::string_view name) const override;
  /// May be asked for the same tensor again: it is read again.
  Tensor take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind kind) override;
  [[nodiscard]] bool synthetic() const override { return false; }

  /// Names in the files, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  /// Names in the files that nobody has taken yet, sorted: what a model that has all it needs does not use.
  [[nodiscard]] std::vector<std::string> untaken() const;

 private:
  struct Place {
    const SafetensorsFile* file = nullptr;
    const SafetensorsEntry* entry = nullptr;
  };

  [[nodiscard]] Place find(std::string_view name) const;
  [[noreturn]] void fail_missing(std::string_view name) const;

  std::filesystem::path folder_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string_view, Place, std::less<>> places_;  // into files_
  std::set<std::string_view> taken_;
};

}  // namespace bv2::engine
