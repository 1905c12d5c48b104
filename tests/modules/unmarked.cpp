// A broken module for tests: it does not say which headers it was built against.
#include "framework/model_benchmark.h"

extern "C" void run_unmarked(bv2::BenchmarkHost& /*host*/) {}
