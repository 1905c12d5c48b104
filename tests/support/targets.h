// Running tests on every instruction set of the machine and on given numbers of threads.
#pragma once

#include <functional>
#include <string>

namespace bv2::test {

/// Calls `test` once for each instruction set that Highway's kernels were compiled for, this machine has and
/// BV2_MAX_ISA allows, with its name ("AVX3"), those kernels being the ones that dynamic dispatch picks.
void for_each_target(const std::function<void(const std::string& target)>& test);

/// OpenMP's number of threads, for as long as it lives.
class ThreadCount {
 public:
  explicit ThreadCount(int count);
  ~ThreadCount();
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

}  // namespace bv2::test
