// The layer operations that graphs keep whole: how they run and how they are told apart.
#include "engine/compiled/calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bv2::engine::compiled {
namespace {

// In the order of the enumeration.
constexpr std::array path_names{std::string_view("eager"), std::string_view("math"),
                                std::string_view("flash_attention"), std::string_view("efficient_attention")};

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
  const CosSin angles = angles_.define(context, inputs[0], numbers[0], numbers[1]);
  std::ranges::copy(std::span(angles.cos.raw(), angles.cos.size_bytes()), outputs[0].raw());
  std::ranges::copy(std::span(angles.sin.raw(), angles.sin.size_bytes()), outputs[1].raw());
}

std::string PaddedPositionsCall::parameters() const { return fmt::format("offset={}", positions_.offset); }

void PaddedPositionsCall::run(Context& context, std::span<const std::int64_t> numbers,
                              std::span<const Tensor> inputs, std::span<const Tensor> outputs) const {
  const Tensor positions = positions_.define(context, inputs[0], numbers[0], numbers[1]);
  std::ranges::copy(positions.span<std::int64_t>(), outputs[0].data<std::int64_t>());
}

}  // namespace bv2::engine::compiled
