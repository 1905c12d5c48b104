// A second implementation of some decoders: loops in double precision.
#include "support/plain_decoder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace bv2::test {
namespace {

using Vector = std::vector<double>;
using Rows = std::vector<Vector>;  // one vector a token

/// cos and sin of each pair of a head's dimensions, token by token.
struct Angles {
  Rows cos;
  Rows sin;
};

class PlainDecoder {
 public:
  PlainDecoder(const Json& config, const PlainWeights& weights)
      : config_(config),
        weights_(weights),
        type_(config.at("model_type").get<std::string>()),
        hidden_(size("hidden_size")),
        heads_(size("num_attention_heads")),
        kv_heads_(size("num_key_value_heads")),
        head_dim_(config.value("head_dim", hidden_ / heads_)),
        epsilon_(config.at("rms_norm_eps").get<double>()) {}

  Vector logits(const std::vector<std::int64_t>& ids) {
    const Vector& table = weight("model.embed_tokens.weight");
    Rows x;
    for (const std::int64_t id : ids) {
      const auto row = table.begin() + id * hidden_;
      x.emplace_back(row, row + hidden_);
    }
    const Angles angles = rope(static_cast<std::int64_t>(ids.size()));
    for (std::int64_t layer = 0; layer < size("num_hidden_layers"); ++layer) {
      prefix_ = "model.layers." + std::to_string(layer) + ".";
      block(x, layer, angles);
    }
    prefix_.clear();
    const bool tied = config_.value("tie_word_embeddings", type_ == "smollm3");
    const std::string head = tied ? "model.embed_tokens" : "lm_head";
    Vector all;
    for (const Vector& token : x) {
      const Vector row = linear(norm(token, "model.norm"), head, size("vocab_size"), false);
      all.insert(all.end(), row.begin(), row.end());
    }
    return all;
  }

 private:
  [[nodiscard]] std::int64_t size(const char* key) const { return config_.at(key).get<std::int64_t>(); }
  [[nodiscard]] const Vector& weight(const std::string& name) const { return weights_.at(prefix_ + name); }

  [[nodiscard]] Vector linear(const Vector& x, const std::string& name, std::int64_t outputs,
                              bool bias) const {
    const Vector& matrix = weight(name + ".weight");
    Vector y(static_cast<std::size_t>(outputs));
    for (std::size_t out = 0; out < y.size(); ++out) {
      if (bias) y[out] = weight(name + ".bias")[out];
      for (std::size_t in = 0; in < x.size(); ++in) y[out] += x[in] * matrix[out * x.size() + in];
    }
    return y;
  }

  [[nodiscard]] Vector norm(const Vector& x, const std::string& name) const {
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon_);
    Vector y;
    for (std::size_t i = 0; i < x.size(); ++i) y.push_back(x[i] * scale * weight(name + ".weight")[i]);
    return y;
  }

  static void add_to(Vector& x, const Vector& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  void block(Rows& x, std::int64_t layer, const Angles& angles) const {
    const bool post = type_ == "olmo2";
    Rows input;
    for (const Vector& token : x) input.push_back(post ? token : norm(token, "input_layernorm"));
    const Rows attended = attention(input, layer, angles);
    for (std::size_t t = 0; t < x.size(); ++t) {
      add_to(x[t], post ? norm(attended[t], "post_attention_layernorm") : attended[t]);
      const Vector y = mlp(post ? x[t] : norm(x[t], "post_attention_layernorm"), layer);
      add_to(x[t], post ? norm(y, "post_feedforward_layernorm") : y);
    }
  }

  /// The heads of one token: normalised and rotated as the family does.
  [[nodiscard]] Vector heads_of(const Vector& x, const std::string& which, std::int64_t heads,
                                const Vector* cos, const Vector* sin) const {
    Vector y =
        linear(x, "self_attn." + which + "_proj", heads * head_dim_, config_.value("attention_bias", false));
    if (which == "v") return y;
    const std::string norm_name = "self_attn." + which + "_norm";
    if (type_ == "olmo2") y = norm(y, norm_name);
    Vector all;
    for (std::int64_t head = 0; head < heads; ++head) {
      Vector part(y.begin() + head * head_dim_, y.begin() + (head + 1) * head_dim_);
      if (type_ == "qwen3_moe") part = norm(part, norm_name);
      if (cos != nullptr) part = rotated(part, *cos, *sin);
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }

  static Vector rotated(const Vector& x, const Vector& cos, const Vector& sin) {
    const std::size_t half = x.size() / 2;
    Vector y(x.size());
    for (std::size_t i = 0; i < half; ++i) {
      y[i] = x[i] * cos[i] - x[half + i] * sin[i];
      y[half + i] = x[half + i] * cos[i] + x[i] * sin[i];
    }
    return y;
  }

  [[nodiscard]] bool rotates(std::int64_t layer) const {
    if (type_ != "smollm3") return true;
    if (config_.contains("no_rope_layers"))
      return config_["no_rope_layers"][static_cast<std::size_t>(layer)].get<int>() != 0;
    return (layer + 1) % config_.value("no_rope_layer_interval", 4) != 0;
  }

  [[nodiscard]] Rows attention(const Rows& x, std::int64_t layer, const Angles& angles) const {
    Rows q;
    Rows k;
    Rows v;
    for (std::size_t t = 0; t < x.size(); ++t) {
      const Vector* cos = rotates(layer) ? &angles.cos[t] : nullptr;
      const Vector* sin = rotates(layer) ? &angles.sin[t] : nullptr;
      q.push_back(heads_of(x[t], "q", heads_, cos, sin));
      k.push_back(heads_of(x[t], "k", kv_heads_, cos, sin));
      v.push_back(heads_of(x[t], "v", kv_heads_, nullptr, nullptr));
    }
    Rows out;
    for (std::size_t t = 0; t < x.size(); ++t) {
      Vector joined;
      for (std::int64_t head = 0; head < heads_; ++head) {
        const Vector mixed = one_head(q[t], k, v, t, head);
        joined.insert(joined.end(), mixed.begin(), mixed.end());
      }
      out.push_back(linear(joined, "self_attn.o_proj", hidden_, config_.value("attention_bias", false)));
    }
    return out;
  }

  [[nodiscard]] Vector one_head(const Vector& q, const Rows& k, const Rows& v, std::size_t token,
                                std::int64_t head) const {
    const std::int64_t kv_head = head / (heads_ / kv_heads_);
    Vector powers;
    double largest = -1e300;
    for (std::size_t key = 0; key <= token; ++key) {
      double score = 0;
      for (std::int64_t i = 0; i < head_dim_; ++i)
        score += q[static_cast<std::size_t>(head * head_dim_ + i)] *
                 k[key][static_cast<std::size_t>(kv_head * head_dim_ + i)];
      powers.push_back(score / std::sqrt(static_cast<double>(head_dim_)));
      largest = std::max(largest, powers.back());
    }
    double sum = 0;
    for (double& power : powers) sum += power = std::exp(power - largest);
    Vector mixed(static_cast<std::size_t>(head_dim_));
    for (std::size_t key = 0; key <= token; ++key) {
      for (std::int64_t i = 0; i < head_dim_; ++i)
        mixed[static_cast<std::size_t>(i)] +=
            powers[key] / sum * v[key][static_cast<std::size_t>(kv_head * head_dim_ + i)];
    }
    return mixed;
  }

  [[nodiscard]] Vector gated(const Vector& x, const std::string& name, std::int64_t inner) const {
    const bool bias = config_.value("mlp_bias", false);
    Vector gate = linear(x, name + ".gate_proj", inner, bias);
    const Vector up = linear(x, name + ".up_proj", inner, bias);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    return linear(gate, name + ".down_proj", hidden_, bias);
  }

  [[nodiscard]] Vector mlp(const Vector& x, std::int64_t layer) const {
    const auto dense = config_.value("mlp_only_layers", std::vector<std::int64_t>());
    const bool sparse = type_ == "qwen3_moe" && std::ranges::find(dense, layer) == dense.end() &&
                        (layer + 1) % config_.value("decoder_sparse_step", 1) == 0;
    if (!sparse) return gated(x, "mlp", size("intermediate_size"));
    Vector probabilities = linear(x, "mlp.gate", size("num_experts"), false);
    double sum = 0;
    for (double& value : probabilities) sum += value = std::exp(value);
    for (double& value : probabilities) value /= sum;
    std::vector<std::size_t> order(probabilities.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, std::greater<>(), [&](std::size_t i) { return probabilities[i]; });
    order.resize(static_cast<std::size_t>(size("num_experts_per_tok")));
    double chosen = 0;
    for (const std::size_t expert : order) chosen += probabilities[expert];
    if (!config_.value("norm_topk_prob", false)) chosen = 1;
    Vector mixed(x.size());
    for (const std::size_t expert : order) {
      const Vector y = gated(x, "mlp.experts." + std::to_string(expert), size("moe_intermediate_size"));
      for (std::size_t i = 0; i < y.size(); ++i) mixed[i] += probabilities[expert] / chosen * y[i];
    }
    return mixed;
  }

  // Inverse frequencies as modeling_rope_utils.py has them, type by type.
  [[nodiscard]] Angles rope(std::int64_t tokens) const {
    const Json& rope = config_.at("rope_parameters");
    const auto type = rope.value("rope_type", std::string("default"));
    double base = rope.at("rope_theta").get<double>();
    const double factor = rope.value("factor", 1.0);
    const auto dim = static_cast<double>(head_dim_);
    double scale = 1;
    if (type == "dynamic") {
      const auto trained = static_cast<double>(size("max_position_embeddings"));
      const double length = std::max(trained, static_cast<double>(tokens));
      base *= std::pow(factor * length / trained - (factor - 1), dim / (dim - 2));
    }
    if (type == "yarn") scale = 0.1 * std::log(factor) + 1;
    Vector frequencies;
    for (std::int64_t i = 0; i < head_dim_ / 2; ++i) {
      const double plain = std::pow(base, -2.0 * static_cast<double>(i) / dim);
      double frequency = plain;
      if (type == "linear") frequency /= factor;
      if (type == "yarn") frequency = yarn(rope, plain, i, base);
      if (type == "llama3") frequency = llama3(rope, plain);
      frequencies.push_back(frequency);
    }
    Angles angles;
    for (std::int64_t t = 0; t < tokens; ++t) {
      angles.cos.emplace_back();
      angles.sin.emplace_back();
      for (const double frequency : frequencies) {
        angles.cos.back().push_back(std::cos(static_cast<double>(t) * frequency) * scale);
        angles.sin.back().push_back(std::sin(static_cast<double>(t) * frequency) * scale);
      }
    }
    return angles;
  }

  [[nodiscard]] double yarn(const Json& rope, double plain, std::int64_t index, double base) const {
    const auto dim = static_cast<double>(head_dim_);
    const auto trained = rope.at("original_max_position_embeddings").get<double>();
    const auto dimension_of = [&](double rotations) {
      return dim * std::log(trained / (rotations * 2 * std::numbers::pi)) / (2 * std::log(base));
    };
    const double low = std::max(std::floor(dimension_of(rope.value("beta_fast", 32.0))), 0.0);
    double high = std::min(std::ceil(dimension_of(rope.value("beta_slow", 1.0))), dim - 1);
    if (low == high) high += 0.001;
    const double ramp = std::clamp((static_cast<double>(index) - low) / (high - low), 0.0, 1.0);
    return plain / rope.at("factor").get<double>() * ramp + plain * (1 - ramp);
  }

  [[nodiscard]] static double llama3(const Json& rope, double plain) {
    const auto trained = rope.at("original_max_position_embeddings").get<double>();
    const auto low = rope.at("low_freq_factor").get<double>();
    const auto high = rope.at("high_freq_factor").get<double>();
    const auto factor = rope.at("factor").get<double>();
    const double wavelength = 2 * std::numbers::pi / plain;
    if (wavelength < trained / high) return plain;
    if (wavelength > trained / low) return plain / factor;
    const double smooth = (trained / wavelength - low) / (high - low);
    return (1 - smooth) * plain / factor + smooth * plain;
  }

  const Json& config_;
  const PlainWeights& weights_;
  std::string type_;
  std::int64_t hidden_;
  std::int64_t heads_;
  std::int64_t kv_heads_;
  std::int64_t head_dim_;
  double epsilon_;
  std::string prefix_;
};

}  // namespace

std::vector<double> plain_logits(const Json& config, const PlainWeights& weights,
                                 const std::vector<std::int64_t>& ids) {
  return PlainDecoder(config, weights).logits(ids);
}

}  // namespace bv2::test
