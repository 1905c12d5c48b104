// A benchmark of a model family on the built-in engine.
#include "benches/common/engine_benchmark.h"

#include "benches/common/built_in_services.h"
#include "benches/common/engine_session.h"
#include "benches/common/execution_mode.h"
#include "engine/loading/model_config.h"

namespace bv2 {
namespace {

// Public domain (the opening of Genesis, King James Version): plain English that any tokenizer has words for.
constexpr std::string_view default_prompt =
    "In the beginning God created the heaven and the earth. And the earth was without form, and void; and "
    "darkness "
    "was upon the face of the deep. And the Spirit of God moved upon the face of the waters. And God said, "
    "Let there "
    "be light: and there was light. And God saw the light, that it was good: and God divided the light from "
    "the "
    "darkness. And God called the light Day, and the darkness he called Night. And the evening and the "
    "morning were "
    "the first day.";

}  // namespace

BenchmarkInfo EngineBenchmark::info() const {
  const engine::ModelConfig shape = engine::parse_model_config(
      parse_json(family_.default_config, family_.default_model), family_.default_model);
  return {.name = family_.name,
          .description = family_.description,
          .kind = shape.causal ? ModelKind::decoder : ModelKind::encoder,
          .default_model = family_.default_model,
          .small_model = family_.small_model,
          .default_prompt = std::string(default_prompt),
          .default_sequence_length = family_.default_sequence_length,
          .model_types = family_.model_types,
          .variants = engine_variants(),
          .compile_modes = engine_compile_modes()};
}

std::unique_ptr<Session> EngineBenchmark::open(const ScenarioConfig& config) const {
  const Shape shape = shape_of(config);
  return open_engine_session(shape.config, shape.document, shape.name);
}

std::optional<std::int64_t> EngineBenchmark::parameter_count(const ScenarioConfig& config) const {
  const Shape shape = shape_of(config);
  return engine_parameter_count(shape.config, shape.document, shape.name);
}

EngineBenchmark::Shape EngineBenchmark::shape_of(const ScenarioConfig& config) const {
  if (family_.small_model.empty() || config.model_id != family_.small_model) {
    return {.config = config, .document = family_.default_config, .name = family_.default_model};
  }
  Shape shape{.config = config, .document = family_.small_config, .name = family_.small_model};
  shape.config.model_id.clear();
  return shape;
}

const EngineServices* EngineBenchmark::services() const { return &built_in_services(); }

}  // namespace bv2
