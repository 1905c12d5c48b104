// Which files of a model repository the engine needs.
#include "framework/hub/model_files.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace bv2::hub {
namespace {

constexpr std::string_view single_weights = "model.safetensors";
constexpr std::string_view weights_index = "model.safetensors.index.json";
constexpr std::string_view configuration = "config.json";

/// Taken where they exist.
constexpr std::array<std::string_view, 9> optional_files{"generation_config.json",
                                                         "tokenizer.json",
                                                         "tokenizer_config.json",
                                                         "vocab.json",
                                                         "merges.txt",
                                                         "vocab.txt",
                                                         "added_tokens.json",
                                                         "special_tokens_map.json",
                                                         "chat_template.jinja"};

bool has(const std::set<std::string>& available, std::string_view name) {
  return available.contains(std::string(name));
}

/// What the repository has instead of safetensors, for the message.
std::string other_weights(const std::set<std::string>& available) {
  constexpr std::array<std::string_view, 6> endings{".bin", ".pt", ".pth", ".gguf", ".h5", ".onnx"};
  for (const std::string& name : available) {
    const bool weights =
        std::any_of(endings.begin(), endings.end(), [&](auto end) { return name.ends_with(end); });
    if (weights) return fmt::format(" (it has '{}', which is not read)", name);
  }
  return "";
}

}  // namespace

std::string_view weight_index_file() { return weights_index; }

std::vector<std::string> description_files(const std::set<std::string>& available, std::string_view model) {
  if (!has(available, configuration)) {
    fail("the model '{}' has no {}: it is not a transformers checkpoint", model, configuration);
  }
  std::vector<std::string> files{std::string(configuration)};
  for (const std::string_view name : optional_files) {
    if (has(available, name)) files.emplace_back(name);
  }
  if (has(available, single_weights)) return files;
  if (!has(available, weights_index)) {
    fail("the model '{}' has no {} and no {}: choose one with safetensors weights{}", model, single_weights,
         weights_index, other_weights(available));
  }
  files.emplace_back(weights_index);
  return files;
}

std::vector<std::string> weight_files(const std::set<std::string>& available, std::string_view index,
                                      std::string_view model) {
  if (index.empty()) return {std::string(single_weights)};
  const std::string source = fmt::format("{} of the model '{}'", weights_index, model);
  const Json document = parse_json(index, source);
  if (!document.is_object() || !document.contains("weight_map") || !document["weight_map"].is_object()) {
    fail("{} is damaged: it has no weight_map", source);
  }
  std::set<std::string> files;
  for (const auto& [tensor, file] : document["weight_map"].items()) {
    if (!file.is_string()) fail("{} is damaged: the file of '{}' is no name", source, tensor);
    files.insert(file.get<std::string>());
  }
  if (files.empty()) fail("{} is damaged: its weight_map is empty", source);
  for (const std::string& file : files) {
    if (!available.contains(file))
      fail("the model '{}' lacks '{}', which its {} names", model, file, weights_index);
  }
  return {files.begin(), files.end()};
}

}  // namespace bv2::hub
