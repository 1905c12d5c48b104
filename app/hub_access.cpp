// The Hugging Face Hub as the command line wants it: models from there, results to there.
#include "app/hub_access.h"

#include <spdlog/logger.h>

#include "app/transfer_progress.h"
#include "base/error.h"
#include "framework/hub/download.h"

namespace bv2::app {

hub::HubOptions HubAccess::options() const {
  hub::HubOptions options;
  options.token = context_.line.hub.token;
  options.offline = context_.line.hub.offline;
  options.interrupted = [this] { return context_.interrupt.raised(); };
  options.log = context_.log.get();
  return options;
}

ModelLocation HubAccess::locate(const std::string& model_id, ModelPart part) const {
  if (!hub::is_hub_model(model_id)) return locate_folder(model_id, part);
  const auto misread = [&] {
    return fmt::format("there is no folder '{}' here, and on the Hub: ", model_id);
  };
  try {
    TransferProgress progress(context_.console, context_.log);
    hub::HubOptions chosen = options();
    chosen.progress = [&](const hub::TransferStatus& status) { progress.show(status); };
    ModelLocation location = hub::download_model(hub::parse_repository_id(model_id), chosen, part);
    context_.log->debug("{} is in '{}'", model_id, location.folder.string());
    return location;
  } catch (const UsageError& error) {
    fail<UsageError>("{}{}", misread(), error.what());
  } catch (const Error& error) {
    // Few models on the Hub are of no organisation: a folder's name was probably mistyped.
    if (model_id.find('/') == std::string::npos) fail("{}{}", misread(), error.what());
    throw;
  }
}

LocateModel HubAccess::locator() const {
  return [this](const std::string& model_id, ModelPart part) { return locate(model_id, part); };
}

void HubAccess::check_upload() const {
  const CommandLine& line = context_.line;
  const std::string dataset = hub::check_upload(line.hub.dataset, line.hub.run_id, options());
  context_.log->debug("results will go to the dataset '{}'", dataset);
}

hub::UploadReport HubAccess::upload(const hub::UploadRequest& request) const {
  TransferProgress progress(context_.console, context_.log);
  hub::HubOptions chosen = options();
  chosen.progress = [&](const hub::TransferStatus& status) { progress.show(status); };
  hub::UploadReport report = hub::upload_results(request, chosen);
  for (const std::string& note : report.notes) context_.log->warn("{}", note);
  if (report.created) context_.log->info("made the dataset '{}'", report.dataset);
  context_.log->info("uploaded {} files as run '{}' to {}", report.files.size(), report.run_id, report.url);
  return report;
}

}  // namespace bv2::app
