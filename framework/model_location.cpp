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

}  // namespace bv2
