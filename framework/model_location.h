// Where a model's files are.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace bv2 {

struct ModelLocation {
  std::filesystem::path folder;           ///< a checkpoint folder
  std::optional<std::string> revision{};  ///< the commit that it is of, where it came from the Hub
};

/// How much of a model has to be there: what it is can be known before gigabytes have come.
enum class ModelPart { configuration, everything };

/// Makes the files of a model id available. Throws UsageError, Error or Interrupted: one line that says what
/// to do.
using LocateModel = std::function<ModelLocation(const std::string& model_id, ModelPart part)>;

/// "SmolLM2-135M" of "HuggingFaceTB/SmolLM2-135M", of "HuggingFaceTB/SmolLM2-135M@refs/pr/1" and of
/// "/models/SmolLM2-135M/". Looks at the text alone: documents may come from other machines.
std::string model_name_of(std::string_view model_id);

/// Takes existing folders alone.
ModelLocation locate_folder(const std::string& model_id, ModelPart part);

}  // namespace bv2
