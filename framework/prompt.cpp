// The prompt of a scenario.
#include "framework/prompt.h"

#include <algorithm>
#include <random>

#include "base/file.h"

namespace bv2 {
namespace {

using Ids = std::vector<std::int64_t>;

/// The first `wanted` of `ids`, then as often as needed `ids` from `repeat_from` on.
Ids fitted(const Ids& ids, std::size_t repeat_from, std::int64_t wanted) {
  Ids result(ids.begin(), ids.begin() + std::min<std::ptrdiff_t>(std::ssize(ids), wanted));
  const std::size_t period = ids.size() - repeat_from;
  for (std::size_t next = 0; std::ssize(result) < wanted; ++next) {
    result.push_back(ids[repeat_from + next % period]);
  }
  return result;
}

Ids seeded_ids(std::int64_t count, std::int64_t vocab_size, std::int64_t seed) {
  // The first ids of most vocabularies are special tokens.
  const std::int64_t first = std::min<std::int64_t>(16, vocab_size - 1);
  const auto choices = static_cast<std::uint64_t>(vocab_size - first);
  // The engine's sequence is the same everywhere; the library's distributions are not.
  std::mt19937_64 generator(static_cast<std::uint64_t>(seed));
  Ids ids(static_cast<std::size_t>(count));
  std::ranges::generate(ids, [&] { return first + static_cast<std::int64_t>(generator() % choices); });
  return ids;
}

void check_vocabulary(const Ids& ids, std::int64_t vocab_size) {
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      fail("--prompt-ids: the token id {} is outside the model's vocabulary of {}", id, vocab_size);
    }
  }
}

std::string user_text(const RunOptions& options) {
  return options.prompt ? *options.prompt : read_file(*options.prompt_file);
}

Prompt from_text(const Session& session, const std::string& text, std::optional<std::int64_t> wanted,
                 const Ids& encoded) {
  if (encoded.empty()) fail("the prompt is empty: give a text of at least one token");
  // What the encoding of the text starts with and that of nothing does, too, are special tokens.
  const Ids of_nothing = session.encode("").value_or(Ids{});
  const auto special = std::ranges::mismatch(encoded, of_nothing).in1 - encoded.begin();
  const auto repeat_from = special < std::ssize(encoded) ? static_cast<std::size_t>(special) : 0;
  Prompt prompt;
  prompt.ids.ids = fitted(encoded, repeat_from, wanted.value_or(std::ssize(encoded)));
  prompt.info = {.source = PromptSource::text, .tokens = std::ssize(prompt.ids.ids), .text = text};
  return prompt;
}

Prompt one_row(const Session& session, const BenchmarkInfo& benchmark, const RunOptions& options,
               const ScenarioConfig& config) {
  const std::int64_t vocab_size = session.facts().vocab_size;
  if (!options.prompt_ids.empty()) {
    check_vocabulary(options.prompt_ids, vocab_size);
    Prompt prompt;
    prompt.ids.ids =
        fitted(options.prompt_ids, 0, config.sequence_length.value_or(std::ssize(options.prompt_ids)));
    prompt.info = {.source = PromptSource::ids, .tokens = std::ssize(prompt.ids.ids), .text = {}};
    return prompt;
  }
  const bool given = options.prompt || options.prompt_file;
  const std::string text = given ? user_text(options) : benchmark.default_prompt;
  // The benchmark's own text is as long as its default; the user's is taken as it is.
  std::optional<std::int64_t> wanted = config.sequence_length;
  if (!wanted && !given) wanted = benchmark.default_sequence_length;
  if (const auto encoded = session.encode(text)) return from_text(session, text, wanted, *encoded);
  if (given) {
    fail(
        "a text prompt needs a tokenizer and the model has none: give --prompt-ids, or a checkpoint folder "
        "with tokenizer.json");
  }
  Prompt prompt;
  prompt.ids.ids = seeded_ids(*wanted, vocab_size, config.seed);
  prompt.info = {.source = PromptSource::seeded, .tokens = *wanted, .text = {}};
  return prompt;
}

}  // namespace

Prompt make_prompt(const Session& session, const BenchmarkInfo& benchmark, const RunOptions& options,
                   const ScenarioConfig& config) {
  Prompt prompt = one_row(session, benchmark, options, config);
  const std::int64_t limit = session.facts().max_positions;
  const std::int64_t needed = prompt.info.tokens + config.num_tokens_to_generate;
  if (limit > 0 && needed > limit) {
    fail(
        "{} prompt tokens and {} new ones do not fit into the model's {} positions: choose a smaller "
        "--sequence-length or "
        "--num-tokens-to-generate",
        prompt.info.tokens, config.num_tokens_to_generate, limit);
  }
  prompt.ids.batch = config.batch_size;
  prompt.ids.tokens = prompt.info.tokens;
  const Ids row = prompt.ids.ids;
  for (std::int64_t i = 1; i < config.batch_size; ++i) {
    prompt.ids.ids.insert(prompt.ids.ids.end(), row.begin(), row.end());
  }
  return prompt;
}

}  // namespace bv2
