// A broken module for tests: it adds no benchmark.
#include "framework/model_benchmark.h"

extern "C" void run_empty(bv2::BenchmarkHost& /*host*/) {}
