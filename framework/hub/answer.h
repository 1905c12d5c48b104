// What the Hub's refusals mean for the user.
#pragma once

#include <string>

#include "framework/hub/http_message.h"
#include "framework/hub/repository_id.h"
#include "framework/hub/session.h"

namespace bv2::hub {

/// What a request was about, for its messages.
struct Subject {
  RepositoryId repository{};
  std::string file{};  ///< empty: the repository itself
  bool writing = false;
};

/// "the model 'org/name'", "the file 'config.json' of the model 'org/name@v1'"
std::string shown(const Subject& subject);

/// Throws the Error that fits an answer which is no success: one line with what to do.
[[noreturn]] void fail_for_answer(const HttpResponse& response, const Session& session,
                                  const Subject& subject);

/// The same for a request that got no answer.
[[noreturn]] void fail_for_connection(const std::string& why, const Session& session, const Subject& subject);

}  // namespace bv2::hub
