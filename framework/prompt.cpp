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
  if (config.num_tokens_to_generate == 0) {
    fail("a prompt of {} tokens needs as many positions, the model has {}: lower --sequence-length", tokens,
         facts.max_positions);
  }
  fail(
      "a prompt of {} tokens and {} new ones need {} positions, the model has {}: "
      "lower --sequence-length or --num-tokens-to-generate",
      tokens, config.num_tokens_to_generate, positions, facts.max_positions);
}

PromptIds same_for_all(const Ids& row, std::int64_t batch) {
  return {.batch = batch,
          .tokens = static_cast<std::int64_t>(row.size()),
          .ids = repeated(row, row.size() * static_cast<std::size_t>(batch))};
}

/// Any id will do: nothing looks at padding.
constexpr std::int64_t padding_id = 0;

/// One sequence after another, the shorter ones padded on the left.
PromptIds padded(std::span<const Ids> rows) {
  PromptIds prompt{.batch = static_cast<std::int64_t>(rows.size())};
  for (const Ids& row : rows) prompt.tokens = std::max(prompt.tokens, static_cast<std::int64_t>(row.size()));
  for (const Ids& row : rows) {
    const std::int64_t missing = prompt.tokens - static_cast<std::int64_t>(row.size());
    prompt.padding.push_back(missing);
    prompt.ids.insert(prompt.ids.end(), static_cast<std::size_t>(missing), padding_id);
    prompt.ids.insert(prompt.ids.end(), row.begin(), row.end());
  }
  if (std::ranges::all_of(prompt.padding, [](std::int64_t count) { return count == 0; }))
    prompt.padding.clear();
  return prompt;
}

/// The ids of each text; none without a tokenizer.
std::optional<std::vector<Ids>> encoded(const Session& session, std::span<const std::string> texts,
                                        std::optional<std::int64_t> length) {
  const auto around = session.encode("");
  if (!around) return std::nullopt;
  std::vector<Ids> all;
  for (const std::string& text : texts) {
    const Ids ids = session.encode(text).value_or(Ids{});
    const EncodedText parts = split_around(ids, *around);
    all.push_back(text_to_length(parts, length ? static_cast<std::size_t>(*length) : ids.size()));
    if (all.back().empty()) fail("the prompt has no tokens: give a text that is not empty");
  }
  return all;
}

Prompt prompt_of_texts(std::vector<std::string> texts, std::vector<Ids> rows, std::int64_t batch) {
  const std::size_t count = rows.size();
  for (std::size_t row = count; row < static_cast<std::size_t>(batch); ++row)
    rows.push_back(rows[row % count]);
  rows.resize(static_cast<std::size_t>(batch));
  Prompt prompt{.ids = padded(rows), .info = {}};
  prompt.info.source = PromptSource::text;
  prompt.info.text = texts.front();
  if (texts.size() > 1) prompt.info.texts.emplace(std::move(texts));
  if (!prompt.ids.padding.empty()) {
    prompt.info.own_tokens.emplace();
    for (const Ids& row : rows) prompt.info.own_tokens->push_back(static_cast<std::int64_t>(row.size()));
  }
  return prompt;
}

Prompt seeded_prompt(const ScenarioConfig& config, std::int64_t length, std::int64_t vocab_size) {
  Prompt prompt;
  prompt.info.source = PromptSource::seeded;
  prompt.ids = {
      .batch = config.batch_size,
      .tokens = length,
      .ids = seeded_ids(config.seed, static_cast<std::size_t>(length * config.batch_size), vocab_size)};
  return prompt;
}

Prompt prompt_of_ids(const ScenarioConfig& config, const Ids& ids) {
  const auto length = config.sequence_length ? static_cast<std::size_t>(*config.sequence_length) : ids.size();
  Prompt prompt;
  prompt.info.source = PromptSource::ids;
  prompt.ids = same_for_all(repeated(ids, length), config.batch_size);
  return prompt;
}

Prompt unchecked_prompt(const Session& session, const ModelFacts& facts, const BenchmarkInfo& benchmark,
                        const ScenarioConfig& config, const PromptRequest& request) {
  if (!request.ids.empty()) return prompt_of_ids(config, request.ids);
  std::vector<std::string> texts = request.texts;
  if (texts.empty()) texts.push_back(benchmark.default_prompt);
  auto rows = encoded(session, texts, config.sequence_length);
  if (rows) return prompt_of_texts(std::move(texts), std::move(*rows), config.batch_size);
  if (!request.texts.empty()) fail("the model has no tokenizer to read a prompt with: give --prompt-ids");
  return seeded_prompt(config, config.sequence_length.value_or(benchmark.default_sequence_length),
                       facts.vocab_size);
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

}  // namespace

PromptRequest prompt_request(const RunOptions& options) {
  PromptRequest request{.ids = options.prompt_ids};
  if (options.prompt) request.texts.push_back(*options.prompt);
  if (!options.prompt_file) return request;
  try {
    request.texts = lines_of(read_file(*options.prompt_file));
  } catch (const Error& error) {
    throw UsageError(fmt::format("--prompt-file: {}", error.what()));
  }
  if (request.texts.empty()) fail<UsageError>("--prompt-file '{}' is empty", options.prompt_file->string());
  return request;
}

Prompt make_prompt(const Session& session, const ModelFacts& facts, const BenchmarkInfo& benchmark,
                   const ScenarioConfig& config, const PromptRequest& request) {
  // Before anything of that length is made: a length far beyond the model's would not fit into memory.
  if (config.sequence_length) check_positions(*config.sequence_length, facts, config);
  Prompt prompt = unchecked_prompt(session, facts, benchmark, config, request);
  prompt.info.tokens = prompt.ids.tokens;
  if (prompt.ids.tokens == 0) fail("the prompt has no tokens: give a text that is not empty");
  check_vocabulary(prompt.ids.ids, facts.vocab_size);
  check_positions(prompt.ids.tokens, facts, config);
  return prompt;
}

}  // namespace bv2
