// A broken module for tests: its benchmark has a name that another one has.
#include "base/error.h"
#include "framework/model_benchmark.h"

namespace {

class SameName final : public bv2::ModelBenchmark {
 public:
  bv2::BenchmarkInfo info() const override {
    bv2::BenchmarkInfo info;
    info.name = "quick";
    info.variants = {"eager"};
    return info;
  }
  std::unique_ptr<bv2::Session> open(const bv2::ScenarioConfig&) const override {
    bv2::fail("it does nothing");
  }
};

}  // namespace

extern "C" void run_same_name(bv2::BenchmarkHost& host) { host.add(std::make_unique<SameName>()); }
