// A whole model: from the Hub into the cache, and from the cache alone.
#include "framework/hub/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "framework/hub/cache.h"
#include "framework/hub/file_lock.h"
#include "support/error_text.h"
#include "support/hub_fixture.h"
#include "support/small_disk.h"

namespace bv2::hub {
namespace {

namespace fs = std::filesystem;
using test::error_text;
using test::HubAccess;
using test::HubFault;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Kind = HubFault::Kind;

struct DownloadTest : test::HubTest {
  DownloadTest() { commit = server.add_repository("models", "org/name", files); }

  ModelLocation download(const std::string& id = "org/name", ModelPart part = ModelPart::everything) {
    return download_model(parse_repository_id(id), options(), part);
  }
  ModelLocation download_offline(const std::string& id = "org/name", ModelPart part = ModelPart::everything) {
    HubOptions offline = options();
    offline.offline = true;
    return download_model(parse_repository_id(id), offline, part);
  }
  std::string refusal(const std::string& id = "org/name") {
    return error_text([&] { download(id); });
  }
  [[nodiscard]] fs::path model_folder() const { return cache() / "models--org--name"; }
  [[nodiscard]] static std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_directory()) names.push_back(entry.path().lexically_relative(folder).string());
    }
    std::ranges::sort(names);
    return names;
  }
  /// Requests for content, not for what is known about it.
  [[nodiscard]] std::size_t contents_sent() const {
    return server.requests("GET", "/files/").size() + server.requests("GET", "/resolve-cache/").size();
  }
  void expect_content(const fs::path& folder, const std::map<std::string, std::string>& wanted,
                      const std::vector<std::string>& names) {
    EXPECT_EQ(names_in(folder), names);
    for (const auto& name : names) EXPECT_EQ(read_file(folder / name), wanted.at(name)) << name;
  }

  std::map<std::string, std::string> files = test::model_files();
  std::string commit;
};

TEST_F(DownloadTest, WhatTheEngineNeedsInTheLayoutOfTheHubsTools) {
  const ModelLocation location = download();
  EXPECT_EQ(location.revision, commit);
  EXPECT_EQ(location.folder, model_folder() / "snapshots" / commit);
  expect_content(location.folder, files, {"config.json", "model.safetensors", "tokenizer.json"});
  EXPECT_EQ(read_file(model_folder() / "refs" / "main"), commit);
  const fs::path weights = location.folder / "model.safetensors";
  const std::string hash = digest_of(DigestKind::sha256, files.at("model.safetensors"));
  EXPECT_EQ(fs::read_symlink(weights), fs::path("../../blobs") / hash)
      << "relative, so that a cache can move";
  EXPECT_EQ(names_in(model_folder() / "blobs").size(), 3U) << "and nothing incomplete is left";
}

TEST_F(DownloadTest, TheSecondTimeNothingComesAgain) {
  download();
  server.forget_requests();
  EXPECT_EQ(download().revision, commit);
  EXPECT_EQ(contents_sent(), 0U);
}

TEST_F(DownloadTest, WeightsInShards) {
  const auto sharded = test::sharded_model_files();
  server.add_repository("models", "org/sharded", sharded);
  expect_content(download("org/sharded").folder, sharded,
                 {"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                  "model.safetensors.index.json"});
}

TEST_F(DownloadTest, ANameThatTheHubSendsElsewhere) {
  server.with_store([](test::HubStore& store) { store.renamed["gpt2"] = "org/name"; });
  EXPECT_EQ(names_in(download("gpt2").folder).size(), 3U);
  EXPECT_TRUE(fs::exists(cache() / "models--gpt2" / "refs" / "main"));
}

TEST_F(DownloadTest, OnlyTheConfiguration) {
  const ModelLocation location = download("org/name", ModelPart::configuration);
  EXPECT_EQ(location.revision, commit);
  EXPECT_THAT(names_in(location.folder), ElementsAre("config.json"));
  EXPECT_EQ(contents_sent(), 1U);
  EXPECT_THAT(error_text([&] { download_offline(); }), HasSubstr("is not in the cache"))
      << "a name must not lead to a snapshot in part";
}

TEST_F(DownloadTest, BranchesTagsCommitsAndPullRequests) {
  const std::string newer = server.add_repository("models", "org/name", {{"config.json", "{\"newer\": 1}"}});
  server.with_store([&](test::HubStore& store) {
    auto& refs = store.find("models", "org/name")->refs;
    refs["v1.0"] = commit;
    refs["refs/pr/7"] = newer;
  });
  EXPECT_EQ(download("org/name").revision, newer);
  EXPECT_EQ(download("org/name@v1.0").revision, commit);
  EXPECT_EQ(download("org/name@refs/pr/7").revision, newer);
  EXPECT_EQ(download("org/name@" + commit).revision, commit);
  EXPECT_EQ(read_file(model_folder() / "refs" / "v1.0"), commit);
  EXPECT_EQ(read_file(model_folder() / "refs" / "refs" / "pr" / "7"), newer);
  EXPECT_EQ(read_file(download("org/name@v1.0").folder / "config.json"), files.at("config.json"));
  EXPECT_THAT(refusal("org/name@v9"), HasSubstr("the model 'org/name' has no revision 'v9'"));
}

TEST_F(DownloadTest, ANewCommitBringsOnlyWhatChanged) {
  download();
  server.forget_requests();
  const std::string newer = server.add_repository("models", "org/name", {{"config.json", "{\"newer\": 1}"}});
  EXPECT_EQ(read_file(download().folder / "config.json"), "{\"newer\": 1}");
  EXPECT_EQ(contents_sent(), 1U);
  EXPECT_EQ(read_file(model_folder() / "refs" / "main"), newer);
  EXPECT_EQ(read_file(download_offline("org/name@" + commit).folder / "config.json"),
            files.at("config.json"));
}

TEST_F(DownloadTest, OfflineNothingIsAsked) {
  const ModelLocation online = download();
  server.forget_requests();
  const ModelLocation offline = download_offline();
  EXPECT_EQ(offline.folder, online.folder);
  EXPECT_EQ(offline.revision, commit);
  variables["HF_HUB_OFFLINE"] = "1";
  EXPECT_EQ(download().folder, online.folder);
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(DownloadTest, OfflineItSaysWhatTheCacheLacks) {
  EXPECT_EQ(error_text([&] { download_offline(); }),
            "the model 'org/name' is not in the cache '" + cache().string() +
                "': run once without --offline (and HF_HUB_OFFLINE)");
  const fs::path folder = download().folder;
  fs::remove(fs::canonical(folder / "model.safetensors"));
  EXPECT_THAT(error_text([&] { download_offline(); }), HasSubstr("has the model 'org/name' in part"));
  fs::remove(fs::canonical(folder / "config.json"));
  EXPECT_THAT(error_text([&] { download_offline("org/name", ModelPart::configuration); }),
              HasSubstr("in part"));
  EXPECT_THAT(error_text([&] { download_offline("org/name@v2"); }),
              HasSubstr("the model 'org/name@v2' is not in the cache"));
  EXPECT_EQ(names_in(download().folder).size(), 3U) << "and online it is mended";
  EXPECT_EQ(download_offline().folder, folder);
}

TEST_F(DownloadTest, ABlobOfAnotherSizeIsReplaced) {
  const fs::path weights = fs::canonical(download().folder / "model.safetensors");
  fs::resize_file(weights, 10);
  EXPECT_EQ(read_file(download().folder / "model.safetensors"), files.at("model.safetensors"));
}

TEST_F(DownloadTest, RefusalsSayWhatToDo) {
  EXPECT_EQ(refusal("org/none"),
            "the model 'org/none' does not exist, or is private: check the name, or make a token at " +
                server.endpoint() +
                "/settings/tokens and give it as HF_TOKEN or --token (the Hub says: "
                "Repository not found)");
  server.add_repository("models", "org/secret", files, HubAccess::owner);
  server.add_repository("models", "org/gated", files, HubAccess::gated);
  EXPECT_THAT(refusal("org/secret"), HasSubstr("'org/secret' does not exist, or is private"));
  EXPECT_EQ(refusal("org/gated"), "the model 'org/gated' is gated: accept its terms at " + server.endpoint() +
                                      "/org/gated, then make a token at " + server.endpoint() +
                                      "/settings/tokens and give it as HF_TOKEN or --token");

  server.add_token("tok-other", {"someone"});
  variables["HF_TOKEN"] = "tok-other";
  EXPECT_THAT(refusal("org/secret"), HasSubstr("does not exist, or the token's account may not see it"));
  EXPECT_THAT(refusal("org/gated"), HasSubstr("is gated and the account of the token from HF_TOKEN has no "
                                              "access: ask for it at " +
                                              server.endpoint() + "/org/gated"));

  server.add_token("tok-org", {"org"});
  variables["HF_TOKEN"] = "tok-org";
  EXPECT_EQ(names_in(download("org/secret").folder).size(), 3U);

  server.add_token("tok-old", {"org", "write", true});
  variables["HF_TOKEN"] = "tok-old";
  EXPECT_THAT(refusal("org/secret"),
              AllOf(HasSubstr("the Hub does not accept the token from HF_TOKEN: it is expired, revoked or "
                              "mistyped; make a token at"),
                    Not(HasSubstr("tok-old"))));
}

TEST_F(DownloadTest, WithoutNetwork) {
  variables["HF_ENDPOINT"] = "http://127.0.0.1:1";
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("cannot get at the model 'org/name': 127.0.0.1: Failed to connect"),
                    HasSubstr("check the network, the proxy and HF_ENDPOINT (http://127.0.0.1:1), or "
                              "use --offline for what was downloaded before")));
}

TEST_F(DownloadTest, SomethingThatIsNoHub) {
  server.add_fault({.path_part = "/api/models", .status = 200, .body = "<html>Welcome!</html>"});
  EXPECT_THAT(refusal(), HasSubstr("the answer is no JSON: is HF_ENDPOINT a Hugging Face Hub?"));
  server.add_fault({.path_part = "/revision/", .status = 200, .body = R"({"sha": "../../../evil"})"});
  EXPECT_THAT(refusal(), HasSubstr("is not the hash of a commit"));
  server.add_fault({.path_part = "/tree/", .status = 200, .body = R"([{"type": "file", "size": -1}])"});
  EXPECT_THAT(refusal(), HasSubstr("a file has no size"));
  EXPECT_FALSE(fs::exists(model_folder() / "refs"));
}

TEST_F(DownloadTest, WhatIsNoCheckpointForUs) {
  server.add_repository("models", "org/empty", {{"README.md", "hello"}});
  EXPECT_THAT(refusal("org/empty"), HasSubstr("has no config.json: it is not a transformers checkpoint"));
  server.add_repository("models", "org/pickle", {{"config.json", "{}"}, {"pytorch_model.bin", "x"}});
  EXPECT_THAT(refusal("org/pickle"), HasSubstr("(it has 'pytorch_model.bin', which is not read)"));
}

/// Names that would leave the cache, in the places where a repository can put them.
struct MaliciousNamesTest : DownloadTest {
  void SetUp() override { folder.write("victim", "precious"); }
  void TearDown() override {
    EXPECT_EQ(read_file(folder.path() / "victim"), "precious");
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("evil")));
      if (entry.is_symlink()) {
        EXPECT_TRUE(fs::weakly_canonical(entry.path()).string().starts_with(cache().string()))
            << entry.path();
      }
    }
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("victim", "home"));
    }
  }
  /// A model whose index names that shard, which its tree lists too.
  std::string refusal_of_shard(const std::string& name) {
    server.with_store([](test::HubStore& store) { store.repositories.erase("models/org/bad"); });
    server.add_repository("models", "org/bad",
                          {{"config.json", "{}"},
                           {"model.safetensors.index.json", Json{{"weight_map", {{"a", name}}}}.dump()},
                           {name, "evil content"}});
    return refusal("org/bad");
  }
};

TEST_F(MaliciousNamesTest, OfShards) {
  for (const std::string name : {"../../../../victim", "../evil", "/tmp/evil-of-the-hub", "a/../../evil",
                                 "..", "a//evil", "evil\\..\\x", "C:evil", "./evil", "evil\nx"}) {
    EXPECT_THAT(refusal_of_shard(name),
                HasSubstr("which would leave the cache or is no file name: it is refused"))
        << name;
  }
  EXPECT_FALSE(fs::exists("/tmp/evil-of-the-hub"));
}

TEST_F(MaliciousNamesTest, InTheTreeAreNotFollowed) {
  server.with_store([](test::HubStore& store) {
    auto& extra = store.find("models", "org/name")->extra_tree_entries;
    for (const char* path : {"../evil", "/tmp/evil-of-the-hub", "../../blobs/evil"}) {
      extra.push_back({{"type", "file"}, {"path", path}, {"size", 4}, {"oid", "1"}});
    }
    extra.push_back({{"type", "symlink"}, {"path", "tokenizer.model"}, {"size", 4}, {"oid", "1"}});
    extra.push_back({{"type", "submodule"}, {"path", "evil"}, {"oid", "1"}});
  });
  EXPECT_THAT(names_in(download().folder), ElementsAre("config.json", "model.safetensors", "tokenizer.json"));
  EXPECT_FALSE(fs::exists("/tmp/evil-of-the-hub"));
}

TEST_F(MaliciousNamesTest, OfContent) {
  for (const std::string etag : {"../evil", "..", "", "a/evil", "evil.incomplete"}) {
    server.add_fault({.path_part = "/resolve/",
                      .method = "HEAD",
                      .times = 4,
                      .status = 200,
                      .headers = {{"X-Linked-Etag", "\"" + etag + "\""}, {"X-Linked-Size", "22"}}});
    EXPECT_NE(refusal(), "(no exception)") << etag;
  }
}

TEST_F(MaliciousNamesTest, OfLinksThatAreThereAlready) {
  // Someone else's cache entry: a file of the snapshot is a link to a file of the user's.
  const fs::path snapshot = model_folder() / "snapshots" / commit;
  fs::create_directories(snapshot);
  fs::create_symlink(folder.path() / "victim", snapshot / "config.json");
  EXPECT_EQ(read_file(download().folder / "config.json"), files.at("config.json"));
}

TEST_F(DownloadTest, AnInterruptKeepsWhatCameAndTheNextCallGoesOn) {
  server.add_fault({.kind = Kind::trickle, .path_part = "/files/", .bytes = 5000});
  HubOptions interruptible = options();
  std::atomic<bool> interrupted{false};
  interruptible.interrupted = [&] { return interrupted.load(); };
  interruptible.progress = [&](const TransferStatus& status) {
    if (status.done_bytes > 20'000) interrupted = true;
  };
  EXPECT_THROW(download_model(parse_repository_id("org/name"), interruptible), Interrupted);
  EXPECT_FALSE(fs::exists(model_folder() / "refs" / "main"));
  server.forget_requests();
  EXPECT_EQ(read_file(download().folder / "model.safetensors"), files.at("model.safetensors"));
  const auto asked = server.requests("GET", "/files/");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_THAT(asked[0].headers.at("range"), ::testing::StartsWith("bytes="));
}

TEST_F(DownloadTest, WaitsForAnotherProcessThatDownloadsAndTakesItsFile) {
  const RepositoryCache repository(cache(), parse_repository_id("org/name"));
  repository.create();
  const std::string hash = digest_of(DigestKind::sha256, files.at("model.safetensors"));
  auto lock = std::make_unique<FileLock>(repository.lock(hash), [] {});
  std::thread other([&] {
    while (server.requests("HEAD", "/model.safetensors").empty()) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    write_file_atomically(repository.blob(hash), files.at("model.safetensors"));
    lock.reset();
  });
  EXPECT_EQ(read_file(download().folder / "model.safetensors"), files.at("model.safetensors"));
  other.join();
  EXPECT_TRUE(server.requests("GET", "/files/").empty());
}

TEST_F(DownloadTest, ProgressEndsWithEverything) {
  std::vector<TransferStatus> seen;
  HubOptions watched = options();
  watched.progress = [&](const TransferStatus& status) { seen.push_back(status); };
  download_model(parse_repository_id("org/name"), watched);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().what, "downloading org/name");
  EXPECT_EQ(seen.back().done_files, 3);
  EXPECT_EQ(seen.back().done_bytes, seen.back().total_bytes);
}

TEST_F(DownloadTest, ADiskWithoutRoomIsNoticedBeforeTheDownload) {
  const test::SmallDisk disk(folder.path() / "disk", 80'000);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a file system";
  variables["HF_HUB_CACHE"] = disk.path();
  const std::string refused = refusal();
  EXPECT_THAT(refused, AllOf(HasSubstr("no space in '" + disk.path().string()),
                             HasSubstr("for the model 'org/name': it needs 100.0 kB more and there are"),
                             HasSubstr("make room or set HF_HUB_CACHE to a larger disk")));
  EXPECT_TRUE(server.requests("GET", "/files/").empty());
}

TEST_F(DownloadTest, ADiskThatFillsUpDuringTheDownloadKeepsWhatCame) {
  test::SmallDisk disk(folder.path() / "disk", 160'000);
  if (!disk.mounted()) GTEST_SKIP() << "no right to mount a file system";
  variables["HF_HUB_CACHE"] = disk.path();
  server.add_fault({.kind = Kind::trickle, .path_part = "/files/", .bytes = 20'000});
  HubOptions watched = options();
  watched.progress = [&](const TransferStatus& status) {
    if (status.done_bytes > 30'000 && !fs::exists(disk.path() / "another"))
      std::ofstream(disk.path() / "another") << std::string(160'000, 'x');
  };
  const std::string refused = error_text([&] { download_model(parse_repository_id("org/name"), watched); });
  EXPECT_THAT(refused,
              AllOf(HasSubstr("no space in '" + disk.path().string()),
                    HasSubstr("make room or set HF_HUB_CACHE to a larger disk, and it goes on from there")));
  fs::remove(disk.path() / "another");
  server.forget_requests();
  EXPECT_EQ(read_file(download().folder / "model.safetensors"), files.at("model.safetensors"));
  EXPECT_TRUE(server.requests("GET", "/files/").at(0).headers.contains("range"));
}

TEST(IsHubModel, PathsAreNot) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(is_hub_model(folder.path().string()));
  for (const char* path : {"/no/where", "./x", "../x", "~/x", ".", "..", ""})
    EXPECT_FALSE(is_hub_model(path)) << path;
  for (const char* id : {"org/name", "gpt2", "org/name@v1"}) EXPECT_TRUE(is_hub_model(id)) << id;
}

}  // namespace
}  // namespace bv2::hub
