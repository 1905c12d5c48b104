// A broken module for tests: its runner throws.
#include <stdexcept>

#include "framework/model_benchmark.h"

extern "C" void run_throwing(bv2::BenchmarkHost& /*host*/) { throw std::runtime_error("no such device"); }
