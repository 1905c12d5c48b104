// A benchmark whose session takes known times, records them itself, and misbehaves on request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "framework/model_benchmark.h"

namespace bv2::test {

/// What can go wrong with a session.
enum class Fault {
  none,
  open_throws,
  prepare_throws,
  unavailable,      ///< prepare says what the machine lacks
  generate_throws,  ///< at the call of number `fault_at_call`, before its first token
  throws_no_exception_type,
  out_of_memory,
  nan_logits,
  no_logits,
  one_token_too_few,
  one_token_too_many,
  wrong_batch,
  id_outside_vocabulary,
  other_output_each_call,
  other_output_without_logits  ///< only where nobody wants to see the logits, which tell the tokens apart
};

struct FakeBehaviour {
  ModelKind kind = ModelKind::decoder;
  std::int64_t first_token_ns =
      0;  ///< worked from the generate call to the first token, or all an encoder does
  std::int64_t next_token_ns = 0;  ///< worked for each token after it
  Fault fault = Fault::none;
  int fault_at_call = 0;       ///< counts from 0; the check is the first call
  bool has_tokenizer = false;  ///< one token a byte, between the token 1 before and 2 after
  std::int64_t vocab_size = 300;
  std::int64_t max_positions = 0;
  std::function<void(int call, std::int64_t token)> before_token{};  ///< both count from 0
};

/// What the sessions of a benchmark saw, by their own clock readings.
struct FakeRecord {
  struct Call {
    std::int64_t start_ns = 0;
    std::vector<std::int64_t> token_ns;
    std::int64_t batch = 0;
    std::int64_t prompt_tokens = 0;
    std::vector<std::int64_t> prompt_ids;
    std::vector<std::int64_t> padding;
  };
  std::vector<Call> calls;
  std::vector<ScenarioConfig> opened;
  int open_now = 0;
  int most_open_at_once = 0;
};

class FakeBenchmark final : public ModelBenchmark {
 public:
  explicit FakeBenchmark(FakeBehaviour behaviour = {}, std::string name = "fake");
  [[nodiscard]] BenchmarkInfo info() const override { return info_; }
  [[nodiscard]] std::unique_ptr<Session> open(const ScenarioConfig& config) const override;

  [[nodiscard]] std::shared_ptr<FakeRecord> record() const { return record_; }
  /// Tests change what the benchmark says of itself.
  BenchmarkInfo& mutable_info() { return info_; }

 private:
  FakeBehaviour behaviour_;
  BenchmarkInfo info_;
  std::shared_ptr<FakeRecord> record_ = std::make_shared<FakeRecord>();
};

/// Works until `duration_ns` have passed: sleeps while it is safe to, then spins, because a sleep alone ends
/// too late.
void work_for(std::int64_t duration_ns);

}  // namespace bv2::test
