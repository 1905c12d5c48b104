// The names that one tensor goes by in different checkpoints.
#include "engine/loading/tensor_names.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <utility>

namespace bv2::engine {
namespace {

/// What transformers calls base_model_prefix.
constexpr std::array<std::string_view, 6> base_prefixes{"model.", "transformer.", "gpt_neox.",
                                                        "bert.",  "roberta.",     "distilbert."};
/// Where a class that wraps a decoder keeps it: transformers 5, and before.
constexpr std::array<std::string_view, 2> wrapping_prefixes{"model.language_model.", "language_model.model."};
constexpr std::string_view wrapping_head_prefix = "language_model.";

struct Renaming {
  std::string_view from;
  std::string_view to;
};
constexpr std::array old_norm_names{Renaming{".weight", ".gamma"}, Renaming{".bias", ".beta"}};

std::optional<std::string_view> without_base_prefix(std::string_view name) {
  for (const std::string_view prefix : base_prefixes) {
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  }
  return std::nullopt;
}

std::string joined(std::string_view a, std::string_view b) { return std::string(a).append(b); }

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, substituted}));
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> possible_names(std::string_view name) {
  std::vector<std::string> names{std::string(name)};
  const std::optional<std::string_view> bare = without_base_prefix(name);
  if (bare) names.emplace_back(*bare);
  for (const std::string_view prefix : base_prefixes) names.push_back(joined(prefix, name));
  if (bare) {
    for (const std::string_view prefix : wrapping_prefixes) names.push_back(joined(prefix, *bare));
  }
  names.push_back(joined(wrapping_head_prefix, name));
  const std::size_t current_count = names.size();
  for (const auto& [from, to] : old_norm_names) {
    if (!name.ends_with(from)) continue;
    for (std::size_t index = 0; index < current_count; ++index) {
      const std::string_view stem =
          std::string_view(names[index]).substr(0, names[index].size() - from.size());
      names.push_back(joined(stem, to));
    }
  }
  return names;
}

std::string most_similar(std::string_view name, std::span<const std::string> names) {
  std::string_view best;
  std::size_t best_distance = std::string_view::npos;
  for (const std::string& candidate : names) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return std::string(best);
}

}  // namespace bv2::engine
