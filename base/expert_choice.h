// What a mixture of experts is about to run, for those who check it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace bv2 {

/// One mixture's choice for all rows of a forward, in the order [batch, tokens].
struct ExpertChoice {
  std::int64_t mixture = 0;         ///< in the order in which a forward runs them
  std::int64_t experts = 0;         ///< that there are
  std::int64_t chosen = 0;          ///< of each row
  std::span<const float> logits{};  ///< the router's, [rows, experts]
  std::span<std::int64_t> ids{};    ///< [rows, chosen]; what it says after the call is what runs
};

/// Called by the thread that runs the forward.
using ExpertWatch = std::function<void(const ExpertChoice& choice)>;

}  // namespace bv2
