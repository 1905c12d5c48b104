// Where the Hub is, and where its tools keep tokens and downloads.
#include "framework/hub/locations.h"

#include <gtest/gtest.h>

#include "support/error_text.h"
#include "support/hub_environment.h"

namespace bv2::hub {
namespace {

using test::environment;
using test::error_text;

TEST(Locations, EndpointIsTheHubUnlessOneIsNamed) {
  EXPECT_EQ(hub_endpoint(environment({})), "https://huggingface.co");
  EXPECT_EQ(hub_endpoint(environment({{"HF_ENDPOINT", "http://mirror.example:8080/hub//"}})),
            "http://mirror.example:8080/hub");
}

TEST(Locations, EndpointThatIsNoneIsRefusedWithoutItsSecrets) {
  const auto text = [](const char* value) {
    return error_text<UsageError>([&] { hub_endpoint(environment({{"HF_ENDPOINT", value}})); });
  };
  EXPECT_EQ(text("mirror"), "HF_ENDPOINT: 'mirror' is not an address: give one like https://huggingface.co");
  EXPECT_EQ(text("ftp://a.example"),
            "HF_ENDPOINT: 'ftp://a.example' is not an address: give one like https://huggingface.co");
  EXPECT_EQ(text("https://me:secret@a.example/x?key=secret"),
            "HF_ENDPOINT: 'https://a.example/x' must be an address without user, query and fragment");
}

TEST(Locations, CacheFollowsTheVariablesOfTheHubsTools) {
  EXPECT_EQ(hub_cache(environment({{"HOME", "/h"}})), "/h/.cache/huggingface/hub");
  EXPECT_EQ(hub_cache(environment({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"}})), "/x/huggingface/hub");
  EXPECT_EQ(hub_cache(environment({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"}, {"HF_HOME", "~/hf"}})),
            "/h/hf/hub");
  EXPECT_EQ(hub_cache(environment({{"HF_HOME", "/hf"}, {"HUGGINGFACE_HUB_CACHE", "/old"}})), "/old");
  EXPECT_EQ(hub_cache(environment({{"HUGGINGFACE_HUB_CACHE", "/old"}, {"HF_HUB_CACHE", "/new"}})), "/new");
}

TEST(Locations, CacheIsUnknownWithoutAHome) {
  EXPECT_EQ(error_text<UsageError>([] { hub_cache(environment({})); }),
            "the folder of the Hub's cache is not known: set HF_HOME (HOME is not set)");
}

TEST(Locations, TokenFileIsThatOfTheHubsTools) {
  EXPECT_EQ(token_file(environment({{"HF_HOME", "/hf"}})), "/hf/token");
  EXPECT_EQ(token_file(environment({{"HF_HOME", "/hf"}, {"HF_TOKEN_PATH", "/t"}})), "/t");
}

TEST(Locations, OfflineBothWays) {
  EXPECT_FALSE(offline_by_environment(environment({})));
  EXPECT_TRUE(offline_by_environment(environment({{"HF_HUB_OFFLINE", "1"}})));
  EXPECT_TRUE(offline_by_environment(environment({{"TRANSFORMERS_OFFLINE", "true"}})));
}

}  // namespace
}  // namespace bv2::hub
