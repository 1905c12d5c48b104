// The layer operations that graphs keep whole, as calls.
#pragma once

#include "engine/compiled/graph.h"
#include "engine/models/positions.h"
#include "engine/ops/experts.h"
#include "engine/ops/layer.h"
#include "engine/ops/sdpa.h"

namespace bv2::engine::compiled {

/// Attention by one of the sdpa paths: q, k, v, padding (or undefined) -> out.
class AttentionCall final : public Call {
 public:
  AttentionCall(const Attention& attention, AttentionPath path) : attention_(attention), path_(path) {}
  [[nodiscard]] std::string_view name() const override { return Attention::name; }
  [[nodiscard]] std::string parameters() const override;
  void run(Context& context, std::span<const std::int64_t> numbers, std::span<const Tensor> inputs,
           std::span<const Tensor> outputs) const override;
  [[nodiscard]] InTeam in_team() const override;
  [[nodiscard]] std::size_t scratch_bytes(std::span<const Shape> inputs, Dtype dtype,
                                          int threads) const override;
  void run_part(std::span<const Tensor> inputs, std::span<const Tensor> outputs, std::span<std::byte> scratch,
                const TeamPart& part) const override;
  [[nodiscard]] const Attention& attention() const { return attention_; }
  [[nodiscard]] AttentionPath path() const { return path_; }

 private:
  Attention attention_;
  AttentionPath path_;
};

/// A mixture of experts, whose weights it holds: which of them are read follows from values. Runs as the
/// context has it, by a kernel where one fits: x, residual -> out.
class ExpertMixtureCall final : public Call {
 public:
  ExpertMixtureCall(const ExpertMixture& mixture, const ExpertWeights& weights)
      : mixture_(mixture), weights_(weights) {}
  [[nodiscard]] std::string_view name() const override { return ExpertMixture::name; }
  [[nodiscard]] std::string parameters() const override;
  [[nodiscard]] bool equals(const Call& other) const override;
  void run(Context& context, std::span<const std::int64_t> numbers, std::span<const Tensor> inputs,
           std::span<const Tensor> outputs) const override;

 private:
  ExpertMixture mixture_;
  ExpertWeights weights_;
};

/// Where tokens [first, first + count) of each row stand: padding -> positions.
class PaddedPositionsCall final : public Call {
 public:
  explicit PaddedPositionsCall(const PaddedPositions& positions) : positions_(positions) {}
  [[nodiscard]] std::string_view name() const override { return PaddedPositions::name; }
  [[nodiscard]] std::string parameters() const override;
  void run(Context& context, std::span<const std::int64_t> numbers, std::span<const Tensor> inputs,
           std::span<const Tensor> outputs) const override;
  [[nodiscard]] InTeam in_team() const override { return InTeam::one; }

 private:
  PaddedPositions positions_;
};

/// Rotary angles of tokens [first, first + count): padding (or undefined) -> cos, sin.
class RotaryAnglesCall final : public Call {
 public:
  explicit RotaryAnglesCall(const RotaryAngles& angles) : angles_(angles) {}
  [[nodiscard]] std::string_view name() const override { return RotaryAngles::name; }
  [[nodiscard]] std::string parameters() const override;
  [[nodiscard]] bool equals(const Call& other) const override;
  void run(Context& context, std::span<const std::int64_t> numbers, std::span<const Tensor> inputs,
           std::span<const Tensor> outputs) const override;
  [[nodiscard]] InTeam in_team() const override { return InTeam::one; }

 private:
  void next_angles(std::span<const std::int64_t> padding, std::int64_t position,
                   std::span<const Tensor> outputs) const;

  RotaryAngles angles_;
};

}  // namespace bv2::engine::compiled
