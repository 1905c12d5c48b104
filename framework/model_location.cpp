// Where a model's files are.
#include "framework/model_location.h"

#include "base/error.h"

namespace bv2 {

ModelLocation locate_folder(const std::string& model_id, ModelPart /*part*/) {
  std::error_code error;
  if (!std::filesystem::is_directory(model_id, error))
    fail<UsageError>("--model-id '{}' is not a folder", model_id);
  return {model_id};
}

std::string model_name_of(std::string_view model_id) {
  const bool is_path = model_id.starts_with('/') || model_id.starts_with('.');
  // A Hub id may have a revision behind it, which may have slashes.
  if (!is_path) model_id = model_id.substr(0, model_id.find('@'));
  while (model_id.ends_with('/')) model_id.remove_suffix(1);
  return std::string(model_id.substr(model_id.rfind('/') + 1));
}

}  // namespace bv2
