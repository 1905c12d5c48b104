// A checkpoint's config.json as the engine uses it: one reader for all families.
#include "engine/loading/model_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/loading/checkpoint_folder.h"
#include "engine/loading/model_families.h"
#include "base/shown_text.h"

namespace bv2::engine {
namespace {

/// Gemma 3 with vision: its text model is described in text_config.
constexpr std::string_view gemma3_type = "gemma3";
constexpr std::string_view gemma3_text_type = "gemma3_text";
// More layers than any model has; each takes memory.
constexpr std::int64_t max_layers = 10'000;

const Family* find_family(std::string_view model_type) {
  const auto families = model_families();
  const auto found = std::ranges::find(families, model_type, &Family::model_type);
  return found == families.end() ? nullptr : &*found;
}

void read_sizes(ConfigReader& reader, const Family& family, ModelConfig& config) {
  for (const SizeField& field : family.sizes) {
    config.*field.member = field.fallback == 0 ? reader.required_size(field.key)
                                               : reader.size(field.key).value_or(field.fallback);
  }
  if (config.num_hidden_layers > max_layers) {
    fail("'{}': {} layers are more than the {} that are supported", reader.source(), config.num_hidden_layers,
         max_layers);
  }
  config.layers.assign(static_cast<std::size_t>(config.num_hidden_layers), LayerConfig());
}

/// Null means the same as heads, absent the class's default: so it is in transformers.
void read_heads(ConfigReader& reader, const AttentionSizes& sizes, ModelConfig& config) {
  const std::int64_t heads = config.num_attention_heads;
  config.num_key_value_heads = heads;
  if (sizes.has_key_value_heads) {
    const bool absent = !reader.contains("num_key_value_heads");
    const std::int64_t fallback =
        absent && sizes.default_key_value_heads != 0 ? sizes.default_key_value_heads : heads;
    config.num_key_value_heads = reader.size("num_key_value_heads").value_or(fallback);
  }
  if (heads % config.num_key_value_heads != 0) {
    fail("'{}': num_attention_heads {} is not a multiple of num_key_value_heads {}", reader.source(), heads,
         config.num_key_value_heads);
  }
  std::optional<std::int64_t> head_dim;
  if (sizes.has_head_dim) head_dim = reader.size("head_dim");
  const bool absent = !reader.contains("head_dim");
  if (!head_dim && absent && sizes.default_head_dim != 0) head_dim = sizes.default_head_dim;
  if (!head_dim && config.hidden_size % heads != 0) {
    fail("'{}': the hidden size {} is not a multiple of the {} attention heads", reader.source(),
         config.hidden_size, heads);
  }
  config.head_dim = head_dim.value_or(config.hidden_size / heads);
  config.attention_scale = 1 / std::sqrt(static_cast<double>(config.head_dim));
}

void read_activation(ConfigReader& reader, const Family& family, ModelConfig& config) {
  const std::string name =
      reader.text(family.activation_key).value_or(std::string(family.default_activation));
  const std::optional<Activation> activation = activation_from_name(name);
  if (!activation) reader.fail_field(family.activation_key, "an activation that is known (silu, gelu, ...)");
  config.activation = *activation;
}

void read_numbers_and_flags(ConfigReader& reader, const Family& family, ModelConfig& config) {
  config.norm_epsilon = family.default_epsilon;
  if (!family.epsilon_key.empty()) {
    config.norm_epsilon = reader.positive(family.epsilon_key).value_or(family.default_epsilon);
  }
  for (const FlagField& field : family.flags) {
    config.*field.member = reader.flag(field.key).value_or(field.fallback);
  }
  config.pad_token_id = reader.integer("pad_token_id");
}

ModelConfig read_family(ConfigReader& reader, const Family& family) {
  ModelConfig config;
  config.model_type = family.model_type;
  read_sizes(reader, family, config);
  read_heads(reader, family.attention, config);
  read_numbers_and_flags(reader, family, config);
  read_activation(reader, family, config);
  if (family.rope) config.rope = read_rope(reader, config, *family.rope);
  family.finish(reader, config);
  reader.ignore(fields_of_no_effect());
  reader.ignore(family.of_no_effect);
  reader.refuse_others(config.model_type);
  return config;
}

ModelConfig read_gemma3(ConfigReader& reader) {
  constexpr std::array<std::string_view, 9> of_vision{
      "boi_token_id",      "boi_token_index",     "eoi_token_id", "eoi_token_index", "image_token_id",
      "image_token_index", "mm_tokens_per_image", "pad_token_id", "vision_config"};
  const Json* text = reader.find("text_config");
  if (text == nullptr) fail("'{}': the field 'text_config' is missing", reader.source());
  const std::optional<bool> tied = reader.flag("tie_word_embeddings");
  reader.ignore(of_vision);
  reader.ignore(fields_of_no_effect());
  reader.refuse_others(gemma3_type);
  ConfigReader text_reader(*text, reader.source(), "text_config.");
  const std::string type = text_reader.text("model_type").value_or(std::string(gemma3_text_type));
  if (type != gemma3_text_type) text_reader.fail_field("model_type", gemma3_text_type);
  ModelConfig config = read_family(text_reader, *find_family(gemma3_text_type));
  if (tied) config.tie_word_embeddings = *tied;
  return config;
}

}  // namespace

ModelConfig parse_model_config(const Json& document, std::string_view source) {
  ConfigReader reader(document, source);
  const std::string model_type = reader.text("model_type").value_or("");
  const Family* family = find_family(model_type);
  if (family == nullptr && model_type != gemma3_type) {
    fail("'{}': the model_type '{}' is not known (supported: {})", source, shown(model_type),
         known_model_types_text());
  }
  ModelConfig config = family != nullptr ? read_family(reader, *family) : read_gemma3(reader);
  config.raw = document;
  return config;
}

ModelConfig read_model_config(const std::filesystem::path& folder) {
  require_checkpoint_folder(folder);
  const std::filesystem::path path = folder / "config.json";
  return parse_model_config(read_json(path), path.string());
}

std::vector<std::string_view> known_model_types() {
  std::vector<std::string_view> types{gemma3_type};
  for (const Family& family : model_families()) types.push_back(family.model_type);
  std::ranges::sort(types);
  return types;
}

std::string known_model_types_text() { return fmt::format("{}", fmt::join(known_model_types(), ", ")); }

}  // namespace bv2::engine
