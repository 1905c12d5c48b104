// One thing that a model ran, and when: an engine notes it, the framework shows it.
#pragma once

#include <cstdint>
#include <string>

namespace bv2 {

/// A stretch of one thread's time. The parts of an operation are spans of their own, within its time.
struct OperationSpan {
  std::string name;           ///< "linear/panel_gemv/avx512", "rms_norm", "matmul"
  std::string kind;           ///< what ran, in the engine's words: "kernel", "definition", "basic", "group"
  std::int64_t start_ns = 0;  ///< on the clock of base/clock.h
  std::int64_t end_ns = 0;
  std::string inputs;  ///< their dtypes and shapes: "bfloat16 [1, 1, 576], bfloat16 [1536, 576]"
  std::string outputs;
  std::int64_t bytes = 0;  ///< of memory that it reads or writes, each counted once; 0: it moves none
};

}  // namespace bv2
