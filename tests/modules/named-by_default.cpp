// A benchmark module for tests: its file name is no identifier, and it uses the common runner name.
#include "base/error.h"
#include "framework/model_benchmark.h"

namespace {

class NamedByDefault final : public bv2::ModelBenchmark {
 public:
  bv2::BenchmarkInfo info() const override {
    bv2::BenchmarkInfo info;
    info.name = "named-by_default";
    info.variants = {"eager"};
    return info;
  }
  std::unique_ptr<bv2::Session> open(const bv2::ScenarioConfig&) const override {
    bv2::fail("it does nothing");
  }
};

}  // namespace

extern "C" void run_benchmark(bv2::BenchmarkHost& host) { host.add(std::make_unique<NamedByDefault>()); }
