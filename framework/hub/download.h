// Models from the Hub, by way of the cache that all its tools share.
#pragma once

#include <string>

#include "framework/hub/options.h"
#include "framework/hub/repository_id.h"
#include "framework/model_location.h"

namespace bv2::hub {

/// The files of the model that the engine needs, from the cache where they are there, else from the Hub. With
/// ModelPart::configuration only config.json, and a model whose weights cannot be read is refused all the
/// same. With `options.offline` or HF_HUB_OFFLINE no request is made. Several processes may call it at once:
/// each file is downloaded by one. Throws Error or UsageError: one line that says what to do; Interrupted
/// leaves what was downloaded for the next time.
ModelLocation download_model(const RepositoryId& model, const HubOptions& options,
                             ModelPart part = ModelPart::everything);

/// Whether `--model-id` means a model on the Hub: an existing folder, and what starts as a path does
/// (`/`, `./`, `../`, `~`), means a checkpoint folder.
bool is_hub_model(const std::string& model_id);

}  // namespace bv2::hub
