// A benchmark of a model family on the built-in engine: everything but the family's own facts.
#pragma once

#include <string>
#include <string_view>

#include "framework/model_benchmark.h"

namespace bv2 {

/// What one file in benches/ says of its family.
struct FamilyBenchmark {
  std::string name;                      ///< of the file
  std::string description;               ///< one line
  std::string default_model;             ///< the published model whose shape is measured by default
  std::string_view default_config;       ///< its config.json
  std::vector<std::string> model_types;  ///< the checkpoints that it takes
  std::string small_model{};             ///< the name of a shape that is measured in seconds, for level 0;
                                         ///< empty: the default one is small enough
  std::string_view small_config{};       ///< its config.json
  std::int64_t default_sequence_length = 128;
};

/// Runs the default shape with synthetic weights, or the checkpoint that the scenario names.
class EngineBenchmark final : public ModelBenchmark {
 public:
  explicit EngineBenchmark(FamilyBenchmark family) : family_(std::move(family)) {}
  [[nodiscard]] BenchmarkInfo info() const override;
  [[nodiscard]] std::unique_ptr<Session> open(const ScenarioConfig& config) const override;
  [[nodiscard]] std::optional<std::int64_t> parameter_count(const ScenarioConfig& config) const override;
  [[nodiscard]] const EngineServices* services() const override;

 private:
  struct Shape {
    ScenarioConfig config;  ///< without the name of a built-in shape
    std::string_view document;
    std::string_view name;
  };
  [[nodiscard]] Shape shape_of(const ScenarioConfig& config) const;

  FamilyBenchmark family_;
};

}  // namespace bv2
