// Independent pieces of work over a few connections.
#pragma once

#include <cstddef>
#include <functional>

#include "framework/hub/http_client.h"

namespace bv2::hub {

/// Calls `work` once for each of `count` indices, on up to `session.options.parallel_transfers` threads, each
/// with a client of its own. The first failure stops the others and is thrown.
void for_each_parallel(const Session& session, std::size_t count,
                       const std::function<void(HttpClient& client, std::size_t index)>& work);

}  // namespace bv2::hub
