// Running tests on every instruction set of the machine and on given numbers of threads.
#include "support/targets.h"

#include <hwy/highway.h>
#include <omp.h>

#include "engine/ops/isa.h"

namespace bv2::test {

void for_each_target(const std::function<void(const std::string& target)>& test) {
  engine::apply_isa_cap();
  hwy::SetSupportedTargetsForTest(0);
  const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  for (const int64_t target : targets) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

ThreadCount::ThreadCount(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(count); }
ThreadCount::~ThreadCount() { omp_set_num_threads(before_); }

}  // namespace bv2::test
