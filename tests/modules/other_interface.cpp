// A broken module for tests: it was built against other headers, and nothing of it may run.
#include <cstdlib>

extern "C" const char benchmark_v2_interface_of_other_headers;

namespace {

[[gnu::used]] const char* const module_interface = &benchmark_v2_interface_of_other_headers;

struct Runs {
  Runs() { std::abort(); }
};
const Runs runs;

}  // namespace

extern "C" void run_other_interface(void* /*host*/) { std::abort(); }
