// Results to a dataset on the Hub.
#include "framework/hub/upload.h"

#include <algorithm>
#include <cctype>

#include "base/file.h"
#include "base/json.h"
#include "framework/hub/commit.h"
#include "framework/hub/locations.h"
#include "framework/hub/result_rows.h"
#include "framework/hub/retry.h"
#include "framework/hub/run_documents.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace fs = std::filesystem;

namespace {

constexpr int most_suffixes = 1000;
constexpr int most_moves = 10;  // of the branch, while we try to commit on top of it

void require_online_token(const Session& session) {
  if (session.options.offline || offline_by_environment(session.options.environment)) {
    fail<UsageError>("nothing can be uploaded with --offline or HF_HUB_OFFLINE");
  }
  if (session.token.empty()) {
    fail(
        "uploading needs a token: make one with write access at {}/settings/tokens and give it as HF_TOKEN "
        "or "
        "--token",
        session.endpoint);
  }
}

RepositoryId resolve_dataset(HttpClient& client, const std::string& name) {
  RepositoryId dataset = parse_repository_id(name, RepositoryKind::dataset);
  if (dataset.revision != "main") {
    fail<UsageError>("'{}': results go to the main branch of a dataset: leave out '@{}'", name,
                     dataset.revision);
  }
  const Account account = HubApi(client).who_am_i();
  if (account.role == "read") {
    fail("the token from {} may only read: make one with write access at {}/settings/tokens",
         client.session().token.source(), client.session().endpoint);
  }
  if (dataset.name.find('/') == std::string::npos) dataset.name = account.name + "/" + dataset.name;
  return dataset;
}

void create_dataset(HttpClient& client, const RepositoryId& dataset) {
  const std::size_t slash = dataset.name.find('/');
  const TextBody body(Json{{"type", "dataset"},
                           {"organization", dataset.name.substr(0, slash)},
                           {"name", dataset.name.substr(slash + 1)}}
                          .dump());
  HttpRequest request{
      .method = "POST", .url = client.session().endpoint + "/api/repos/create", .body = &body};
  request.headers.add("Content-Type", "application/json");
  const Subject subject{dataset, "", true};
  HttpResponse response;
  try {
    response = client.send(request);
  } catch (const ConnectionError& error) {
    fail_for_connection(error.what(), client.session(), subject);
  }
  if (response.status == 409) return;  // someone was faster, or our first attempt's answer was lost
  if (!response.ok()) fail_for_answer(response, client.session(), subject);
}

/// A measured run may have been started with --token, and its command line may be in a result.
void refuse_token_inside(const UploadFile& file, const Token& token) {
  std::string text;
  constexpr std::size_t window_bytes = 1U << 20U;
  std::string piece(window_bytes, '\0');
  for (std::uint64_t at = 0; at < file.content->size_bytes();) {
    const std::size_t count = file.content->read(at, piece);
    text.append(piece, 0, count);
    if (token.occurs_in(text)) fail("'{}' has the token in it: it is not uploaded", file.path);
    const std::size_t overlap = std::min(text.size(), token.reveal().size());
    text.erase(0, text.size() - overlap);
    at += count;
  }
}

std::string with_suffix(const std::string& id, int number) {
  return number == 1 ? id : id + "-" + std::to_string(number);
}

/// One run on its way into one dataset.
class RunUpload {
 public:
  RunUpload(HttpClient& client, const RepositoryId& dataset, RunDocuments run, std::string wanted_id)
      : client_(client),
        api_(client),
        dataset_(dataset),
        run_(std::move(run)),
        wanted_id_(std::move(wanted_id)),
        meter_("uploading to " + dataset.name, client.session().options.progress) {}

  UploadReport run() {
    report_.dataset = dataset_.name;
    for (int move = 0; move < most_moves; ++move) {
      const std::string parent = parent_commit();
      report_.run_id = free_id(parent);
      report_.folder = run_folder(report_.run_id, environment(), run_.identity);
      const std::vector<UploadFile> files = files_to_upload(parent);
      for (const UploadFile& file : files) refuse_token_inside(file, client_.session().token);
      const CommitMessage message{"Add benchmark run " + report_.run_id, "Run " + run_.identity.uuid};
      if (const auto commit = commit_files(client_, dataset_, parent, message, files, meter_)) {
        finish(*commit, files);
        return report_;
      }
      client_.session().info(dataset_.name + ": another commit came first, so this one goes on top of it");
      client_.session().throw_if_interrupted();
    }
    fail("the dataset '{}' changes faster than a run can be added", dataset_.name);
  }

 private:
  [[nodiscard]] const Environment& environment() const { return client_.session().options.environment; }

  std::string parent_commit() {
    if (auto commit = api_.find_commit(dataset_)) return *commit;
    create_dataset(client_, dataset_);
    report_.created = true;
    return api_.commit_of(dataset_);
  }

  /// The wanted id, or with the first suffix under which nothing exists.
  std::string free_id(const std::string& parent) {
    for (int number = 1; number <= most_suffixes; ++number) {
      const std::string id = with_suffix(wanted_id_, number);
      const std::vector<std::string> paths{run_folder(id, environment(), run_.identity),
                                           rows_file(id, run_.identity)};
      if (!api_.existing_paths(dataset_, parent, paths).empty()) continue;
      if (number > 1) {
        note(fmt::format("the dataset '{}' has a run '{}' of {}: this one becomes '{}'", dataset_.name,
                         wanted_id_, run_.identity.date, id));
      }
      return id;
    }
    fail("the dataset '{}' has {} runs '{}' of {}: choose another --run-id", dataset_.name, most_suffixes,
         wanted_id_, run_.identity.date);
  }

  std::vector<UploadFile> files_to_upload(const std::string& parent) {
    std::vector<UploadFile> files;
    std::string rows;
    const auto add = [&](const fs::path& path) {
      const std::string name = path.lexically_relative(run_.output_dir).generic_string();
      files.push_back({report_.folder + "/benchmark_results/" + name, std::make_shared<FileBody>(path)});
    };
    add(run_.summary);
    for (const fs::path& document : run_.documents) {
      add(document);
      rows += result_rows(read_json(document), report_.run_id, run_.identity.uuid, document.string());
    }
    // Where no benchmark left a document there is none: an empty file is no table.
    if (!rows.empty()) {
      files.push_back({rows_file(report_.run_id, run_.identity), std::make_shared<TextBody>(rows)});
    }
    const std::string card = "README.md";
    if (api_.existing_paths(dataset_, parent, {card}).empty()) {
      files.push_back({card, std::make_shared<TextBody>(dataset_card(dataset_.name))});
    }
    return files;
  }

  void note(const std::string& line) {
    if (std::find(report_.notes.begin(), report_.notes.end(), line) == report_.notes.end()) {
      report_.notes.push_back(line);
    }
  }

  void finish(const std::string& commit, const std::vector<UploadFile>& files) {
    report_.commit = commit;
    report_.url =
        fmt::format("{}/datasets/{}/tree/main/{}", client_.session().endpoint, dataset_.name, report_.folder);
    for (const UploadFile& file : files) report_.files.push_back(file.path);
  }

  HttpClient& client_;
  HubApi api_;
  const RepositoryId& dataset_;
  RunDocuments run_;
  std::string wanted_id_;
  TransferMeter meter_;
  UploadReport report_;
};

/// As a word of a shell's command line.
std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_.,/:@%+=").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string upload_command_line(const UploadRequest& request) {
  const fs::path& what = request.summary ? *request.summary : request.output_dir;
  std::string line = "run_benchmarks upload " + shell_word(what.string()) + " " + shell_word(request.dataset);
  if (request.run_id) line += " --run-id " + shell_word(*request.run_id);
  return line;
}

UploadReport upload_results(const UploadRequest& request, const HubOptions& options) {
  try {
    const Session session(options);
    require_online_token(session);
    RunDocuments run = find_run(request.output_dir, request.summary);
    std::string id = run_id(request.run_id, options.environment, run.identity);
    HttpClient client(session);
    const RepositoryId dataset = resolve_dataset(client, request.dataset);
    return RunUpload(client, dataset, std::move(run), std::move(id)).run();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw Error(fmt::format("{}; the results stay in '{}', and this uploads them later: {}", error.what(),
                            request.output_dir.string(), upload_command_line(request)));
  }
}

std::string check_upload(const std::string& dataset, const std::optional<std::string>& wanted_run_id,
                         const HubOptions& options) {
  const Session session(options);
  require_online_token(session);
  run_id(wanted_run_id, options.environment, {"00000000", ""});
  HttpClient client(session);
  return resolve_dataset(client, dataset).name;
}

}  // namespace bv2::hub
