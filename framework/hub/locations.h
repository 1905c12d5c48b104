// Where the Hub is, and where its tools keep tokens and downloads on this machine.
#pragma once

#include <filesystem>
#include <string>

#include "framework/hub/environment.h"

namespace bv2::hub {

/// HF_ENDPOINT without a final slash, else https://huggingface.co. Throws UsageError when it is no http(s)
/// address, or carries a user name, a query or a fragment.
std::string hub_endpoint(const Environment& environment);

/// HF_HOME, else `huggingface` below XDG_CACHE_HOME or ~/.cache.
std::filesystem::path hub_home(const Environment& environment);

/// HF_HUB_CACHE, else its older name HUGGINGFACE_HUB_CACHE, else `hub` below hub_home.
std::filesystem::path hub_cache(const Environment& environment);

/// HF_TOKEN_PATH, else `token` below hub_home.
std::filesystem::path token_file(const Environment& environment);

/// HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is true.
bool offline_by_environment(const Environment& environment);

}  // namespace bv2::hub
