// The prompt of a scenario.
#include "framework/prompt.h"

#include <algorithm>

#include "base/file.h"
#include "base/scramble.h"

namespace bv2 {
namespace {

using Ids = std::vector<std::int64_t>;

/// A text's tokens between those that the tokenizer puts around any text.
struct EncodedText {
  Ids prefix;
  Ids body;
  Ids suffix;
};

EncodedText split_around(const Ids& ids, const Ids& around) {
  // What surrounds any text is what the empty text becomes; it begins alike with and without a body.
  const auto shared = std::ranges::mismatch(ids, around);
  const auto suffix_size = around.end() - shared.in2;
  const bool suffix_fits =
      ids.end() - shared.in1 >= suffix_size && std::equal(shared.in2, around.end(), ids.end() - suffix_size);
  const auto body_end = suffix_fits ? ids.end() - suffix_size : ids.end();
  return {{ids.begin(), shared.in1}, {shared.in1, body_end}, {body_end, ids.end()}};
}

/// `count` ids: those of the body, from the start again as often as it takes.
Ids repeated(const Ids& body, std::size_t count) {
  Ids ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = body[i % body.size()];
  return ids;
}

Ids text_to_length(const EncodedText& text, std::size_t length) {
  const std::size_t around = text.prefix.size() + text.suffix.size();
  Ids ids = text.prefix;
  if (length > around) {
    if (text.body.empty()) fail("an empty prompt cannot be continued to {} tokens: give a text", length);
    const Ids body = repeated(text.body, length - around);
    ids.insert(ids.end(), body.begin(), body.end());
  }
  ids.insert(ids.end(), text.suffix.begin(), text.suffix.end());
  ids.resize(length);
  return ids;
}

/// Vocabularies begin with their special tokens; these ids are not used where there are enough others.
constexpr std::int64_t low_ids = 256;

Ids seeded_ids(std::int64_t seed, std::size_t count, std::int64_t vocab_size) {
  if (vocab_size < 1) fail("there is no tokenizer and the vocabulary is not known: give --prompt-ids");
  const std::int64_t first = vocab_size >= 4 * low_ids ? low_ids : 0;
  const std::uint64_t stream = scrambled(static_cast<std::uint64_t>(seed));
  Ids ids(count);
  for (std::size_t i = 0; i < count; ++i) {
    ids[i] = first + static_cast<std::int64_t>(scrambled(stream + i) %
                                               static_cast<std::uint64_t>(vocab_size - first));
  }
  return ids;
}

void check_vocabulary(const Ids& ids, std::int64_t vocab_size) {
  if (vocab_size < 1) return;
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      fail("the prompt has the token id {}; the model's vocabulary is 0 to {}", id, vocab_size - 1);
    }
  }
}

void check_positions(std::int64_t tokens, const ModelFacts& facts, const ScenarioConfig& config) {
  const std::int64_t positions = tokens + config.num_tokens_to_generate;
  if (facts.max_positions < 1 || positions <= facts.max_positions) return;
  fail(
      "a prompt of {} tokens and {} new ones need {} positions, the model has {}: "
      "lower --sequence-length or --num-tokens-to-generate",
      tokens, config.num_tokens_to_generate, positions, facts.max_positions);
}

PromptIds same_for_all(const Ids& row, std::int64_t batch) {
  return {batch, static_cast<std::int64_t>(row.size()),
          repeated(row, row.size() * static_cast<std::size_t>(batch))};
}

}  // namespace

PromptRequest prompt_request(const RunOptions& options) {
  PromptRequest request{options.prompt, options.prompt_ids};
  if (!options.prompt_file) return request;
  try {
    request.text = read_file(*options.prompt_file);
  } catch (const Error& error) {
    throw UsageError(fmt::format("--prompt-file: {}", error.what()));
  }
  if (request.text->ends_with('\n')) request.text->pop_back();
  if (request.text->ends_with('\r')) request.text->pop_back();
  if (request.text->empty()) fail<UsageError>("--prompt-file '{}' is empty", options.prompt_file->string());
  return request;
}

Prompt make_prompt(const Session& session, const ModelFacts& facts, const BenchmarkInfo& benchmark,
                   const ScenarioConfig& config, const PromptRequest& request) {
  // Before anything of that length is made: a length far beyond the model's would not fit into memory.
  if (config.sequence_length) check_positions(*config.sequence_length, facts, config);
  const auto length_or = [&](std::size_t own) {
    return config.sequence_length ? static_cast<std::size_t>(*config.sequence_length) : own;
  };
  Prompt prompt;
  if (!request.ids.empty()) {
    prompt.info.source = PromptSource::ids;
    prompt.ids = same_for_all(repeated(request.ids, length_or(request.ids.size())), config.batch_size);
  } else {
    const std::string& text = request.text ? *request.text : benchmark.default_prompt;
    const auto encoded = session.encode(text);
    if (!encoded && request.text) fail("the model has no tokenizer to read a prompt with: give --prompt-ids");
    if (encoded) {
      const EncodedText parts = split_around(*encoded, session.encode("").value_or(Ids{}));
      prompt.info.source = PromptSource::text;
      prompt.info.text = text;
      prompt.ids = same_for_all(text_to_length(parts, length_or(encoded->size())), config.batch_size);
    } else {
      const std::size_t length = length_or(static_cast<std::size_t>(benchmark.default_sequence_length));
      prompt.info.source = PromptSource::seeded;
      prompt.ids = {
          config.batch_size, static_cast<std::int64_t>(length),
          seeded_ids(config.seed, length * static_cast<std::size_t>(config.batch_size), facts.vocab_size)};
    }
  }
  prompt.info.tokens = prompt.ids.tokens;
  if (prompt.ids.tokens == 0) fail("the prompt has no tokens: give a text that is not empty");
  check_vocabulary(prompt.ids.ids, facts.vocab_size);
  check_positions(prompt.ids.tokens, facts, config);
  return prompt;
}

}  // namespace bv2
