// A test with a Hub and a cache of its own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "framework/hub/options.h"
#include "support/hub_server.h"
#include "support/temporary_folder.h"

namespace bv2::test {

/// Bytes that do not compress and do not repeat.
inline std::string random_bytes(std::size_t count, unsigned seed = 1) {
  std::minstd_rand random(seed);
  std::string bytes(count, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8U);
  return bytes;
}

/// The files of a model with weights in one file, or in shards.
inline std::map<std::string, std::string> model_files(std::size_t weight_bytes = 100'000) {
  return {{"config.json", R"({"model_type": "llama"})"},
          {"tokenizer.json", R"({"version": "1.0"})"},
          {"README.md", "not needed"},
          {"pytorch_model.bin", "not needed"},
          {"model.safetensors", random_bytes(weight_bytes)}};
}
inline std::map<std::string, std::string> sharded_model_files() {
  return {
      {"config.json", "{}"},
      {"model.safetensors.index.json",
       R"({"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors",
               "c": "model-00002-of-00002.safetensors"}})"},
      {"model-00001-of-00002.safetensors", random_bytes(70'000, 2)},
      {"model-00002-of-00002.safetensors", random_bytes(50'000, 3)}};
}

class HubTest : public ::testing::Test {
 protected:
  explicit HubTest(const HubServerOptions& server_options = {}) : server(server_options) {
    variables["HF_ENDPOINT"] = server.endpoint();
    variables["HF_HOME"] = (folder.path() / "home").string();
  }

  /// Of the variables alone, and without waiting between attempts: `waits` says what the waits would be.
  hub::HubOptions options() {
    hub::HubOptions made;
    made.environment = hub::Environment([this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
    made.http.wait = [this](std::chrono::milliseconds duration) {
      const std::scoped_lock lock(waits_mutex);
      waits.push_back(duration);
    };
    made.http.connect_timeout = std::chrono::seconds(5);
    return made;
  }

  [[nodiscard]] std::filesystem::path cache() const { return folder.path() / "home" / "hub"; }

  HubServer server;
  TemporaryFolder folder;
  std::map<std::string, std::string> variables;
  std::mutex waits_mutex;
  std::vector<std::chrono::milliseconds> waits;
};

}  // namespace bv2::test
