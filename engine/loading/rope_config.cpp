// Reading of the rotary position embedding's parameters from config.json, in both of its forms.
#include "engine/loading/rope_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace bv2::engine {
namespace {

/// What is around one object of parameters.
struct Surroundings {
  const ModelConfig& config;
  const RopeRules& rules;
  std::optional<double> theta;                     // beside the object
  std::optional<double> partial;                   // beside the object
  std::optional<std::int64_t> original_positions;  // beside the object
};

using ReadParameters = void (*)(ConfigReader&, const Surroundings&, RopeConfig&);

double required_positive(ConfigReader& reader, std::string_view key) {
  const std::optional<double> value = reader.positive(key);
  if (!value) reader.fail_field(key, "a number above 0");
  return *value;
}

/// A value beside the object goes before one in it: transformers, for the sake of Phi-3.
std::int64_t original_positions(ConfigReader& reader, const Surroundings& around) {
  const std::optional<std::int64_t> inside = reader.size("original_max_position_embeddings");
  if (around.original_positions) return *around.original_positions;
  return inside.value_or(around.config.max_position_embeddings);
}

void copy_if_given(ConfigReader& reader, std::string_view key, RopeConfig& rope) {
  if (const auto value = reader.positive(key)) rope.parameters[std::string(key)] = *value;
}

void read_default(ConfigReader& /*reader*/, const Surroundings& /*around*/, RopeConfig& /*rope*/) {}

void read_factor(ConfigReader& reader, const Surroundings& /*around*/, RopeConfig& rope) {
  rope.parameters["factor"] = required_positive(reader, "factor");
}

void read_llama3(ConfigReader& reader, const Surroundings& around, RopeConfig& rope) {
  rope.parameters["factor"] = required_positive(reader, "factor");
  const double low = required_positive(reader, "low_freq_factor");
  const double high = required_positive(reader, "high_freq_factor");
  if (high <= low) reader.fail_field("high_freq_factor", fmt::format("above low_freq_factor, {}", low));
  rope.parameters["low_freq_factor"] = low;
  rope.parameters["high_freq_factor"] = high;
  rope.parameters["original_max_position_embeddings"] = original_positions(reader, around);
}

void read_yarn(ConfigReader& reader, const Surroundings& around, RopeConfig& rope) {
  const std::int64_t original = original_positions(reader, around);
  const double implied =
      static_cast<double>(around.config.max_position_embeddings) / static_cast<double>(original);
  rope.parameters["factor"] = reader.positive("factor").value_or(implied);
  rope.parameters["original_max_position_embeddings"] = original;
  rope.parameters["beta_fast"] = reader.positive("beta_fast").value_or(32);
  rope.parameters["beta_slow"] = reader.positive("beta_slow").value_or(1);
  rope.parameters["truncate"] = reader.flag("truncate").value_or(true);
  for (const std::string_view key : {"attention_factor", "mscale", "mscale_all_dim"}) {
    copy_if_given(reader, key, rope);
  }
  constexpr std::array<std::string_view, 1> of_no_effect{"finetuned"};
  reader.ignore(of_no_effect);
}

void read_longrope(ConfigReader& reader, const Surroundings& around, RopeConfig& rope) {
  const auto pairs =
      static_cast<std::size_t>(static_cast<double>(around.config.head_dim) * rope.partial_rotary_factor) / 2;
  for (const std::string_view key : {"short_factor", "long_factor"}) {
    const auto factors = reader.numbers(key);
    const auto positive = [](double factor) { return factor > 0; };
    if (!factors || factors->size() != pairs || !std::ranges::all_of(*factors, positive)) {
      reader.fail_field(key, fmt::format("{} numbers above 0", pairs));
    }
    rope.parameters[std::string(key)] = *factors;
  }
  rope.parameters["original_max_position_embeddings"] = original_positions(reader, around);
  copy_if_given(reader, "factor", rope);
  copy_if_given(reader, "attention_factor", rope);
}

struct RopeType {
  std::string_view name;
  ReadParameters read;
};

constexpr std::array rope_types{
    RopeType{"default", read_default}, RopeType{"linear", read_factor}, RopeType{"dynamic", read_factor},
    RopeType{"yarn", read_yarn},       RopeType{"llama3", read_llama3}, RopeType{"longrope", read_longrope},
};

std::vector<std::string_view> allowed_types(const RopeRules& rules) {
  if (rules.longrope_original_positions) return {"default", "longrope"};
  std::vector<std::string_view> names;
  names.reserve(rope_types.size());
  for (const RopeType& type : rope_types) names.push_back(type.name);
  return names;
}

const RopeType& read_type(ConfigReader& reader, const RopeRules& rules) {
  const std::optional<std::string> older = reader.text("type");
  const std::optional<std::string> newer = reader.text("rope_type");
  std::string name = newer ? *newer : older.value_or("default");
  if (rules.longrope_original_positions && (name == "su" || name == "yarn")) name = "longrope";
  const std::vector<std::string_view> allowed = allowed_types(rules);
  if (std::ranges::find(allowed, name) == allowed.end()) {
    reader.fail_field(newer ? "rope_type" : "type", fmt::format("{}", fmt::join(allowed, ", ")));
  }
  return *std::ranges::find(rope_types, name, &RopeType::name);
}

double read_partial(ConfigReader& reader, const Surroundings& around) {
  const std::optional<double> inside = reader.positive("partial_rotary_factor");
  const double partial = inside ? *inside : around.partial.value_or(around.rules.partial_rotary_factor);
  const auto rotated = static_cast<std::int64_t>(static_cast<double>(around.config.head_dim) * partial);
  if (partial > 1 || rotated < 2 || rotated % 2 != 0) {
    fail("'{}': {} of head_dim {} cannot be rotated: it must be an even number of dimensions, at least 2",
         reader.source(), partial, around.config.head_dim);
  }
  return partial;
}

RopeConfig read_parameters(const Json& object, std::string_view source, std::string_view where,
                           const Surroundings& around) {
  ConfigReader reader(object, source, where);
  const RopeType& type = read_type(reader, around.rules);
  RopeConfig rope;
  rope.rope_type = type.name;
  const std::optional<double> inside = reader.positive("rope_theta");
  rope.theta = inside ? *inside : around.theta.value_or(around.rules.theta);
  rope.partial_rotary_factor = read_partial(reader, around);
  type.read(reader, around, rope);
  reader.refuse_others(around.config.model_type);
  return rope;
}

/// `rope_scaling` (older) or `rope_parameters` (newer), under its name.
struct NamedObject {
  std::string_view name;
  const Json* object;
};

NamedObject find_parameters(ConfigReader& reader) {
  const Json* older = reader.find("rope_scaling");
  const Json* newer = reader.find("rope_parameters");
  if (older != nullptr && newer != nullptr && !older->empty() && !newer->empty() && *older != *newer) {
    fail("'{}': rope_scaling and rope_parameters contradict each other: keep one of them", reader.source());
  }
  if (older != nullptr && !older->empty()) return {"rope_scaling", older};
  static const Json nothing = Json::object();
  return {"rope_parameters", newer != nullptr ? newer : &nothing};
}

}  // namespace

RopeConfig read_rope(ConfigReader& reader, const ModelConfig& config, const RopeRules& rules) {
  Surroundings around{.config = config,
                      .rules = rules,
                      .theta = reader.positive(rules.theta_key),
                      .partial = reader.positive(rules.partial_key),
                      .original_positions = reader.size("original_max_position_embeddings")};
  if (!around.original_positions) around.original_positions = rules.longrope_original_positions;
  const auto [name, object] = find_parameters(reader);
  return read_parameters(*object, reader.source(), fmt::format("{}.", name), around);
}

LayerRopes read_layer_ropes(ConfigReader& reader, const ModelConfig& config) {
  const RopeRules full_rules{.theta = 1'000'000};
  const RopeRules sliding_rules{.theta = 10'000};
  const Surroundings full_around{.config = config,
                                 .rules = full_rules,
                                 .theta = reader.positive("rope_theta"),
                                 .partial = {},
                                 .original_positions = {}};
  const Surroundings sliding_around{.config = config,
                                    .rules = sliding_rules,
                                    .theta = reader.positive("rope_local_base_freq"),
                                    .partial = {},
                                    .original_positions = {}};
  const auto [name, object] = find_parameters(reader);
  const Json nothing = Json::object();
  if (name == "rope_scaling") {
    return {.full = read_parameters(*object, reader.source(), "rope_scaling.", full_around),
            .sliding = read_parameters(nothing, reader.source(), "", sliding_around)};
  }
  ConfigReader by_layer(*object, reader.source(), "rope_parameters.");
  const Json* full = by_layer.find("full_attention");
  const Json* sliding = by_layer.find("sliding_attention");
  by_layer.refuse_others(config.model_type);
  return {.full = read_parameters(full != nullptr ? *full : nothing, reader.source(),
                                  "rope_parameters.full_attention.", full_around),
          .sliding = read_parameters(sliding != nullptr ? *sliding : nothing, reader.source(),
                                     "rope_parameters.sliding_attention.", sliding_around)};
}

}  // namespace bv2::engine
