// The layer operations that graphs keep whole: how they run and how they are told apart.
#include "engine/compiled/calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/eager/operations.h"

namespace bv2::engine::compiled {
namespace {

// In the order of the enumeration.
constexpr std::array path_names{std::string_view("eager"), std::string_view("math"),
                                std::string_view("flash_attention"), std::string_view("efficient_attention")};
constexpr std::array activation_names{std::string_view("silu"), std::string_view("gelu"),
                                      std::string_view("gelu_tanh"), std::string_view("relu")};

}  // namespace

std::string AttentionCall::parameters() const {
  std::string text =
      fmt::format("{}, scale={}", path_names.at(static_cast<std::size_t>(path_)), attention_.scale);
  if (attention_.causal) text += ", causal";
  if (attention_.window != 0) text += fmt::format(", window={}", attention_.window);
  if (attention_.softcap != 0) text += fmt::format(", softcap={}", attention_.softcap);
  return text;
}

void AttentionCall::run(Context&, std::span<const std::int64_t>, std::span<const Tensor> inputs,
                        std::span<const Tensor> outputs) const {
  sdpa_into(path_, attention_, inputs[0], inputs[1], inputs[2], inputs[3], outputs[0]);
}

InTeam AttentionCall::in_team() const {
  return path_ == AttentionPath::sdpa_flash_attention ? InTeam::shared : InTeam::no;
}

std::size_t AttentionCall::scratch_bytes(std::span<const Shape> inputs, Dtype dtype, int threads) const {
  if (in_team() != InTeam::shared) return 0;
  const Shape& q = inputs[0];
  const Shape& k = inputs[1];
  return flash_part_scratch_bytes({.batch = q[0],
                                   .heads = q[1],
                                   .kv_heads = k[1],
                                   .tokens = q[2],
                                   .keys = k[2],
                                   .head_dim = q[3],
                                   .dtype = dtype},
                                  threads);
}

void AttentionCall::run_part(std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                             std::span<std::byte> scratch, const TeamPart& part) const {
  flash_attention_part(attention_, inputs[0], inputs[1], inputs[2], inputs[3], outputs[0], scratch, part);
}

std::string ExpertMixtureCall::parameters() const {
  const Tensor& gate = weights_.experts.front().gate.weight;
  return fmt::format("experts={}, width={}, chosen={}, {}{}", weights_.experts.size(), gate.size(0),
                     mixture_.chosen, activation_names.at(static_cast<std::size_t>(mixture_.activation)),
                     mixture_.normalize ? ", normalized" : "");
}

bool ExpertMixtureCall::equals(const Call& other) const {
  const auto* mixture = dynamic_cast<const ExpertMixtureCall*>(&other);
  // One router has one set of experts.
  return mixture != nullptr && parameters() == other.parameters() &&
         mixture->weights_.router.storage() == weights_.router.storage() &&
         mixture->weights_.router.offset() == weights_.router.offset();
}

void ExpertMixtureCall::run(Context& context, std::span<const std::int64_t>, std::span<const Tensor> inputs,
                            std::span<const Tensor> outputs) const {
  eager::copy_elements(outputs[0], context.apply(mixture_, inputs[0], weights_, inputs[1]));
}

std::string RotaryAnglesCall::parameters() const {
  return fmt::format("rotary_dim={}, factor={}", angles_.table->rotary_dim(),
                     angles_.table->attention_factor());
}

bool RotaryAnglesCall::equals(const Call& other) const {
  // Two tables of one model (of local and global layers) may differ by their frequencies alone.
  const auto* angles = dynamic_cast<const RotaryAnglesCall*>(&other);
  return angles != nullptr && angles->angles_.table == angles_.table &&
         angles->angles_.dtype == angles_.dtype;
}

void RotaryAnglesCall::run(Context& context, std::span<const std::int64_t> numbers,
                           std::span<const Tensor> inputs, std::span<const Tensor> outputs) const {
  if (!inputs[0].defined()) return angles_.table->cos_sin_into(numbers[0], {outputs[0], outputs[1]});
  if (numbers[1] == 1) return next_angles(inputs[0].span<std::int64_t>(), numbers[0], outputs);
  const CosSin angles = angles_.define(context, inputs[0], numbers[0], numbers[1]);
  std::ranges::copy(std::span(angles.cos.raw(), angles.cos.size_bytes()), outputs[0].raw());
  std::ranges::copy(std::span(angles.sin.raw(), angles.sin.size_bytes()), outputs[1].raw());
}

// A decode step, which asks for no memory.
void RotaryAnglesCall::next_angles(std::span<const std::int64_t> padding, std::int64_t position,
                                   std::span<const Tensor> outputs) const {
  for (std::size_t i = 0; i < padding.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    const CosSin of_row{outputs[0].slice(0, row, row + 1), outputs[1].slice(0, row, row + 1)};
    angles_.table->cos_sin_into(std::max<std::int64_t>(0, position - padding[i]), of_row);
  }
}

std::string PaddedPositionsCall::parameters() const { return fmt::format("offset={}", positions_.offset); }

void PaddedPositionsCall::run(Context&, std::span<const std::int64_t> numbers, std::span<const Tensor> inputs,
                              std::span<const Tensor> outputs) const {
  positions_.write(inputs[0], numbers[0], outputs[0]);
}

}  // namespace bv2::engine::compiled
