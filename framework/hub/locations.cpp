// Where the Hub is, and where its tools keep tokens and downloads on this machine.
#include "framework/hub/locations.h"

#include "base/error.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace fs = std::filesystem;

namespace {

fs::path user_home(const Environment& environment) {
  const auto home = environment.get("HOME");
  if (!home) fail<UsageError>("the folder of the Hub's cache is not known: set HF_HOME (HOME is not set)");
  return *home;
}

/// A leading ~ stands for the home folder, also where no shell has replaced it.
fs::path expand_user(const std::string& path, const Environment& environment) {
  if (path == "~") return user_home(environment);
  if (path.starts_with("~/")) return user_home(environment) / path.substr(2);
  return path;
}

}  // namespace

std::string hub_endpoint(const Environment& environment) {
  std::string endpoint = environment.get("HF_ENDPOINT").value_or("https://huggingface.co");
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const auto parts = split_url(endpoint);
  if (!parts || (parts->scheme != "http" && parts->scheme != "https")) {
    fail<UsageError>("HF_ENDPOINT: '{}' is not an address: give one like https://huggingface.co",
                     without_secrets(endpoint));
  }
  if (parts->has_user || parts->has_query) {
    fail<UsageError>("HF_ENDPOINT: '{}' must be an address without user, query and fragment",
                     without_secrets(endpoint));
  }
  return endpoint;
}

fs::path hub_home(const Environment& environment) {
  if (const auto home = environment.get("HF_HOME")) return expand_user(*home, environment);
  if (const auto caches = environment.get("XDG_CACHE_HOME")) {
    return expand_user(*caches, environment) / "huggingface";
  }
  return user_home(environment) / ".cache" / "huggingface";
}

fs::path hub_cache(const Environment& environment) {
  if (const auto cache = environment.first_of({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})) {
    return expand_user(*cache, environment);
  }
  return hub_home(environment) / "hub";
}

fs::path token_file(const Environment& environment) {
  if (const auto path = environment.get("HF_TOKEN_PATH")) return expand_user(*path, environment);
  return hub_home(environment) / "token";
}

bool offline_by_environment(const Environment& environment) {
  return environment.is_true("HF_HUB_OFFLINE") || environment.is_true("TRANSFORMERS_OFFLINE");
}

}  // namespace bv2::hub
