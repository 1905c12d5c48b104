// What the Hub's refusals mean for the user.
#include "framework/hub/answer.h"

#include <chrono>

#include "framework/hub/answer_json.h"
#include "framework/hub/retry.h"
#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

std::string_view noun(RepositoryKind kind) { return kind == RepositoryKind::model ? "model" : "dataset"; }

std::string settings_page(const Session& session) { return session.endpoint + "/settings/tokens"; }

/// The Hub's own words, made fit for one line of ours: they come from outside.
std::string own_words(const HttpResponse& response, const Session& session) {
  std::string words = response.first("X-Error-Message").value_or("");
  if (words.empty()) {
    const Json json = Json::parse(response.body, nullptr, false);
    if (!json.is_discarded()) words = text_at(json, "/error");
  }
  for (char& c : words) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  constexpr std::size_t longest = 200;
  words = session.token.redact(words);
  if (words.size() > longest) words = words.substr(0, longest) + "...";
  return words.empty() ? "" : " (the Hub says: " + words + ")";
}

std::string how_to_sign_in(const Session& session) {
  return fmt::format("make a token at {} and give it as HF_TOKEN or --token", settings_page(session));
}

[[noreturn]] void fail_unauthorized(const HttpResponse& response, const Session& session,
                                    const Subject& subject) {
  if (session.token.empty()) {
    fail("{} does not exist, or needs a token: check the name, or {}{}", shown(subject),
         how_to_sign_in(session), own_words(response, session));
  }
  fail("the Hub does not accept the token from {}: it is expired, revoked or mistyped; {}{}",
       session.token.source(), how_to_sign_in(session), own_words(response, session));
}

[[noreturn]] void fail_gated(const Session& session, const Subject& subject) {
  const std::string page = fmt::format("{}/{}", session.endpoint, subject.repository.name);
  if (session.token.empty()) {
    fail("the model '{}' is gated: accept its terms at {}, then {}", subject.repository.shown(), page,
         how_to_sign_in(session));
  }
  fail("the model '{}' is gated and the account of the token from {} has no access: ask for it at {}",
       subject.repository.shown(), session.token.source(), page);
}

[[noreturn]] void fail_forbidden(const HttpResponse& response, const Session& session,
                                 const Subject& subject) {
  fail("the token{} may not {} {}: {} with {} access to '{}'{}",
       session.token.empty() ? "" : " from " + session.token.source(), subject.writing ? "write to" : "read",
       shown(subject), how_to_sign_in(session), subject.writing ? "write" : "read", subject.repository.name,
       own_words(response, session));
}

[[noreturn]] void fail_not_found(const HttpResponse& response, const Session& session,
                                 const Subject& subject) {
  const std::string code = response.first("X-Error-Code").value_or("");
  const std::string_view kind = noun(subject.repository.kind);
  if (code == "RevisionNotFound") {
    fail("the {} '{}' has no revision '{}': see its branches and tags at {}/{}/tree/main", kind,
         subject.repository.name, subject.repository.revision, session.endpoint, subject.repository.name);
  }
  if (code == "EntryNotFound") fail("{} does not exist", shown(subject));
  fail("the {} '{}' does not exist{}: check the name{}{}", kind, subject.repository.name,
       session.token.empty() ? ", or is private" : ", or the token's account may not see it",
       session.token.empty() ? ", or " + how_to_sign_in(session) : "", own_words(response, session));
}

}  // namespace

std::string shown(const Subject& subject) {
  const std::string repository =
      fmt::format("the {} '{}'", noun(subject.repository.kind), subject.repository.shown());
  return subject.file.empty() ? repository : fmt::format("the file '{}' of {}", subject.file, repository);
}

void fail_for_answer(const HttpResponse& response, const Session& session, const Subject& subject) {
  const std::string code = response.first("X-Error-Code").value_or("");
  if (code == "GatedRepo") fail_gated(session, subject);
  if (code == "RepoNotFound") fail_not_found(response, session, subject);
  switch (response.status) {
    case 401:
      fail_unauthorized(response, session, subject);
    case 403:
      fail_forbidden(response, session, subject);
    case 404:
      fail_not_found(response, session, subject);
    case 429: {
      const auto wait = asked_wait(response.headers, std::chrono::system_clock::now());
      fail("the Hub allows no more requests for now (429): try again in {}{}",
           wait ? fmt::format("{} s", wait->count()) : "some minutes",
           session.token.empty() ? "; with a token it allows more: " + how_to_sign_in(session) : "");
    }
    default:
      break;
  }
  if (response.status >= 500) {
    fail("{} is in trouble (status {}) and stayed so over {} attempts: try again later{}",
         without_secrets(response.url), response.status, session.options.http.max_attempts,
         own_words(response, session));
  }
  fail("{}: an unexpected answer (status {}) for {}{}", without_secrets(response.url), response.status,
       shown(subject), own_words(response, session));
}

void fail_for_connection(const std::string& why, const Session& session, const Subject& subject) {
  fail("cannot get at {}: {}: check the network, the proxy and HF_ENDPOINT ({}){}", shown(subject), why,
       session.endpoint, subject.writing ? "" : ", or use --offline for what was downloaded before");
}

}  // namespace bv2::hub
