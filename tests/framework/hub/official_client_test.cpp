// The tests' Hub held against the Hub's official JavaScript client: what that client takes for a Hub, and
// what it sends there, is what our own client has to get on with. Skipped where the client is not installed
// (run_tests does that, where there is npm).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/file.h"
#include "framework/hub/commit.h"
#include "framework/hub/download.h"
#include "support/hub_fixture.h"
#include "support/process.h"

namespace bv2::hub {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using Files = std::map<std::string, std::string>;

constexpr const char* token = "hf_tokenOfTheTestsThatMustNotShow";

class OfficialClient : public test::HubTest {
 protected:
  // Files of 20 kB and more are large ones, those of 50 kB and more are sent in parts.
  OfficialClient() : HubTest({.large_file_bytes = 20'000, .multipart_bytes = 50'000, .part_bytes = 30'000}) {
    server.add_token(token, {"org"});
    variables["HF_TOKEN"] = token;
  }
  void SetUp() override {
    if (!fs::exists(fs::path(BV2_TEST_HUB_CLIENT_DIR) / "node_modules" / "@huggingface" / "hub")) {
      GTEST_SKIP()
          << "the Hub's JavaScript client is not installed: ./run_tests does that where there is npm";
    }
  }

  /// A command of client.cjs.
  Json client(const std::string& command, Json given) {
    given["hubUrl"] = server.endpoint();
    given["token"] = token;
    const auto result = test::run_process(
        {"node", BV2_TEST_HUB_CLIENT_SCRIPT, BV2_TEST_HUB_CLIENT_DIR, command, given.dump()}, folder.path());
    EXPECT_EQ(result.status, 0) << command << ": " << result.err;
    return Json::parse(result.out, nullptr, false);
  }
  Json client_uploads(const std::string& type, const std::string& name, const Files& files) {
    Json paths = Json::object();
    for (const auto& [file, content] : files) paths[file] = folder.write("to_upload/" + file, content);
    return client("upload", {{"type", type},
                             {"name", name},
                             {"files", paths},
                             {"title", message.title},
                             {"description", message.description}});
  }
  /// The same through our client, into a repository that exists.
  std::string we_upload(const std::string& name, const Files& files) {
    const Session session(options());
    HttpClient http(session);
    const RepositoryId repository = parse_repository_id(name, RepositoryKind::dataset);
    std::vector<UploadFile> uploads;
    for (const auto& [file, content] : files) uploads.push_back({file, std::make_shared<TextBody>(content)});
    TransferMeter meter("x", {});
    const std::string parent = HubApi(http).commit_of(repository);
    return commit_files(http, repository, parent, message, uploads, meter).value_or("");
  }
  Json client_downloads(const std::string& type, const std::string& name) {
    fs::remove_all(folder.path() / "downloaded");
    return client("download", {{"type", type}, {"name", name}, {"folder", folder.path() / "downloaded"}});
  }
  void expect_downloaded(const Files& files) {
    for (const auto& [file, content] : files) {
      if (!content.empty()) {
        EXPECT_EQ(read_file(folder.path() / "downloaded" / file), content) << file;
      }
    }
  }

  const CommitMessage message{"Add everything", "Run 1"};
  const Files files{{"2026-01-15/runs/7/benchmark_results/a b/summary.json", "{\"ü\": 1}"},
                    {"data/rows.jsonl", "{}\n"},
                    {"empty.txt", ""},
                    {"whole.bin", test::random_bytes(30'000, 5)},
                    {"parts.bin", test::random_bytes(100'000, 6)}};
};

TEST_F(OfficialClient, MakesADatasetAndGoesBothWaysThroughTheTestsHub) {
  EXPECT_EQ(client("whoAmI", Json::object()), "org");
  const Json uploaded = client_uploads("dataset", "org/theirs", files);
  EXPECT_EQ(uploaded["made"]["repoUrl"], server.endpoint() + "/datasets/org/theirs");
  EXPECT_EQ(uploaded["commit"].get<std::string>().size(), 40U);

  const Json seen = client_downloads("dataset", "org/theirs");
  expect_downloaded(files);
  for (const auto& [file, content] : files) {
    if (!content.empty()) {
      EXPECT_EQ(seen["sizes"][file], content.size()) << file;
    }
  }
  EXPECT_THAT(seen["large"].get<std::vector<std::string>>(), UnorderedElementsAre("whole.bin", "parts.bin"));
  EXPECT_THAT(seen["titles"].get<std::vector<std::string>>(),
              ElementsAre("Add everything", "initial commit"));
  EXPECT_TRUE(seen["exists"].get<bool>() && seen["has"].get<bool>() && seen["lacks"].get<bool>());
}

TEST_F(OfficialClient, ReadsWhatWeUpload) {
  server.with_store([](test::HubStore& store) { store.create("datasets", "org/ours"); });
  const std::string commit = we_upload("org/ours", files);
  EXPECT_EQ(commit.size(), 40U);
  const Json seen = client_downloads("dataset", "org/ours");
  expect_downloaded(files);
  EXPECT_THAT(seen["large"].get<std::vector<std::string>>(), UnorderedElementsAre("whole.bin", "parts.bin"));
}

TEST_F(OfficialClient, UploadsAModelThatWeDownload) {
  const Files model = test::sharded_model_files();
  client_uploads("model", "org/model", model);
  const ModelLocation location = download_model(parse_repository_id("org/model"), options());
  for (const auto& [file, content] : model) EXPECT_EQ(read_file(location.folder / file), content) << file;
}

TEST_F(OfficialClient, SharesItsCacheWithOurs) {
  server.add_repository("models", "org/model", test::model_files());
  const auto contents_sent = [&] {
    return server.requests("GET", "/files/").size() + server.requests("GET", "/resolve-cache/").size();
  };
  // Theirs first: we find all files there.
  const Json theirs = client("snapshot", {{"type", "model"}, {"name", "org/model"}, {"cache", cache()}});
  server.forget_requests();
  const ModelLocation ours = download_model(parse_repository_id("org/model"), options());
  EXPECT_EQ(ours.folder.string(), theirs);
  EXPECT_EQ(contents_sent(), 0U);
  // Ours first: they ask for the two files alone that the engine has no use for, and the one that git has.
  fs::remove_all(cache());
  download_model(parse_repository_id("org/model"), options());
  server.forget_requests();
  EXPECT_EQ(client("snapshot", {{"type", "model"}, {"name", "org/model"}, {"cache", cache()}}),
            ours.folder.string());
  for (const auto& request : server.requests("GET", "/resolve/")) {
    EXPECT_THAT(request.path,
                ::testing::AnyOf(::testing::HasSubstr("README.md"), ::testing::HasSubstr("gitattributes"),
                                 ::testing::HasSubstr("pytorch_model.bin")));
  }
  for (const auto& [file, content] : test::model_files())
    EXPECT_EQ(read_file(ours.folder / file), content) << file;
}

/// A JSON value with types in place of its content: what two clients have to agree on.
nlohmann::json shape(const Json& value) {  // not in the order of the members
  if (value.is_object()) {
    nlohmann::json members = nlohmann::json::object();
    for (const auto& [name, member] : value.items()) members[name] = shape(member);
    return members;
  }
  if (!value.is_array()) return value.type_name();
  nlohmann::json elements = nlohmann::json::array();
  if (!value.empty()) elements.push_back(shape(value[0]));
  return elements;
}

/// What a client sent in order to write: method, address without the repository's name, type and shape of the
/// content; once each.
std::set<std::string> writing_requests(const std::vector<test::RecordedRequest>& requests,
                                       const std::string& name) {
  std::set<std::string> lines;
  for (const auto& request : requests) {
    if (request.method != "POST" && request.method != "PUT") continue;
    std::string path = request.path.substr(0, request.path.find('?'));
    if (request.server == "storage") {
      lines.insert("PUT to the storage");
      continue;
    }
    const std::size_t at = path.find(name);
    if (at != std::string::npos) path.replace(at, name.size(), "NAME");
    const auto type = request.headers.find("content-type");
    std::istringstream body(request.body);
    for (std::string line; std::getline(body, line);) {
      lines.insert(fmt::format("{} {} ({}) {}", request.method, path,
                               type == request.headers.end() ? "" : type->second,
                               shape(parse_json(line, "output")).dump()));
    }
  }
  return lines;
}

TEST_F(OfficialClient, SendsWhatWeSend) {
  client_uploads("dataset", "org/theirs", files);
  // They say nothing of a parent, and verify nothing; we take the first commit for it, and verify as LFS has
  // it.
  std::set<std::string> theirs = writing_requests(server.requests(), "org/theirs");
  server.forget_requests();
  server.with_store([](test::HubStore& store) {
    store.create("datasets", "org/ours");
    store.large_files.clear();  // else nothing large is sent again
  });
  we_upload("org/ours", files);
  std::set<std::string> ours = writing_requests(server.requests(), "org/ours");

  std::set<std::string> normal;
  for (const std::string& line : theirs) {
    if (line.find("/api/repos/create") != std::string::npos) continue;  // compared below
    std::string with_parent = line;
    const std::string header = R"("description":"string",)";
    const std::size_t at = with_parent.find(header);
    if (line.find("/commit/") != std::string::npos && at != std::string::npos) {
      with_parent.insert(at + header.size(), R"("parentCommit":"string",)");
    }
    normal.insert(with_parent);
  }
  std::erase_if(ours,
                [](const std::string& line) { return line.find("/objects/verify") != std::string::npos; });
  EXPECT_THAT(ours, ::testing::ContainerEq(normal));
  EXPECT_GE(ours.size(), 7U);
}

}  // namespace
}  // namespace bv2::hub
