// The outputs of Hugging Face transformers that a fixture carries.
#include "support/model_reference.h"

#include "engine/loading/safetensors.h"

namespace bv2::test {

ModelReference read_model_reference(const std::filesystem::path& path) {
  const engine::SafetensorsFile file(path);
  const auto read = [&](std::string_view name) {
    return file.find(name) != nullptr ? file.tensor(name) : engine::Tensor();
  };
  return {.input_ids = read("input_ids"),
          .logits = read("logits"),
          .generated_ids = read("generated_ids"),
          .last_hidden_state = read("last_hidden_state")};
}

}  // namespace bv2::test
