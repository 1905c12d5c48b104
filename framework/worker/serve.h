// The other side of a worker's process.
#pragma once

namespace bv2 {

/// What a program is called with, as its only argument, to serve as a worker.
inline constexpr const char* worker_argument = "--serve-as-worker";

/// Does what a WorkerProcess asks for over ChildProcess::socket_fd until that is closed. The process sleeps
/// between requests; threads that still spin after one (OpenMP's do, waiting for more work) are waited for
/// before its answer, so that they take nothing from whoever is asked next. Returns the exit status.
int serve_worker();

}  // namespace bv2
