// The Hugging Face Hub as the command line wants it: models from there, results to there.
#pragma once

#include <string>

#include "app/commands.h"
#include "framework/hub/options.h"
#include "framework/hub/upload.h"
#include "framework/model_location.h"

namespace bv2::app {

/// The command line's choices with the terminal's progress bar, the log and Ctrl-C. The context must outlive
/// it, and it must outlive what `locator` gives.
class HubAccess {
 public:
  explicit HubAccess(const CommandContext& context) : context_(context) {}

  /// A folder as it is; anything else is a model on the Hub, which is downloaded.
  [[nodiscard]] LocateModel locator() const;

  /// Throws where the upload that the command line asks for could not work: before hours of measuring rather
  /// than after them.
  void check_upload() const;
  /// Uploads one run and logs where it went. Throws Error and Interrupted.
  [[nodiscard]] hub::UploadReport upload(const hub::UploadRequest& request) const;

 private:
  [[nodiscard]] ModelLocation locate(const std::string& model_id, ModelPart part) const;
  [[nodiscard]] hub::HubOptions options() const;

  const CommandContext& context_;
};

}  // namespace bv2::app
