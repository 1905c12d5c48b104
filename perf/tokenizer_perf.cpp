// Tokenizer throughput on one core: bytes of text a second, encoded and decoded.
// With BV2_PERF_TEXT=FILE the 128k vocabulary is learned from that text but for its last 4 MiB, which are
// what is encoded. Without, it is made here: syllables, and words of them, with a merge for each, in the file
// format of published byte-level tokenizers with Llama 3's pattern. The text is words of it drawn by Zipf's
// law, 2% of them outside of the vocabulary, with capitals, punctuation, numbers and line breaks. Whole
// vocabularies are not published with a licence that would let them be kept here, so the mix of words is ours
// and not English. Each iteration is one encode of the whole text, so the cache of words starts empty.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "base/json.h"
#include "engine/tokenizer/tokenizer.h"
#include "perf/bpe_trainer.h"

namespace {

using bv2::engine::Tokenizer;

constexpr std::size_t vocabulary_size = 128'000;
constexpr std::size_t text_bytes = 4 << 20;
constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Words as lists of syllables, the most frequent first.
class Language {
 public:
  explicit Language(std::size_t words) {
    constexpr std::string_view starts[] = {"b", "c", "d", "f", "g", "h", "l",  "m",
                                           "n", "p", "r", "s", "t", "w", "th", "st"};
    constexpr std::string_view vowels[] = {"a", "e", "i", "o", "u", "ea"};
    constexpr std::string_view ends[] = {"", "n", "r", "s", "t"};
    for (const auto start : starts) {
      for (const auto vowel : vowels) {
        for (const auto end : ends)
          syllables_.push_back(std::string(start) + std::string(vowel) + std::string(end));
      }
    }
    while (words_.size() < words) words_.push_back(make_word(1 + words_.size() * 3 / words));
  }

  std::vector<std::string> make_word(std::size_t most_syllables) {
    std::vector<std::string> word;
    const std::size_t count = 1 + random_() % (most_syllables + 1);
    for (std::size_t i = 0; i < count; ++i) word.push_back(syllables_[random_() % syllables_.size()]);
    return word;
  }

  std::string text(std::size_t bytes) {
    std::string out;
    std::uniform_real_distribution<double> uniform(0, 1);
    while (out.size() < bytes) {
      // The inverse of Zipf's law: the rank is log-uniform.
      const double rank = std::exp(uniform(random_) * std::log(static_cast<double>(words_.size())));
      const bool known = random_() % 50 != 0;
      std::string word;
      for (const auto& syllable : known ? words_[static_cast<std::size_t>(rank) - 1] : make_word(5))
        word += syllable;
      if (random_() % 9 == 0) word[0] = static_cast<char>(word[0] - 0x20);
      out += word;
      const auto dice = random_() % 100;
      out += dice < 80   ? " "
             : dice < 87 ? ", "
             : dice < 94 ? ". "
             : dice < 96 ? ".\n\n"
             : dice < 98 ? "'s "
                         : " 1987 ";
    }
    return out;
  }

  [[nodiscard]] const std::vector<std::vector<std::string>>& words() const { return words_; }
  [[nodiscard]] const std::vector<std::string>& syllables() const { return syllables_; }

 private:
  std::mt19937_64 random_{7};
  std::vector<std::string> syllables_;
  std::vector<std::vector<std::string>> words_;
};

/// A vocabulary that grows by merges.
class VocabularyMaker {
 public:
  VocabularyMaker() {
    for (char32_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
      const char32_t character = printable ? byte : 0x100 + unprintable_++;
      std::string token;
      if (character < 0x80) {
        token = static_cast<char>(character);
      } else {
        token = {static_cast<char>(0xc0U | (character >> 6U)),
                 static_cast<char>(0x80U | (character & 0x3fU))};
      }
      add(token);
    }
  }

  /// Merges parts to one token, left to right.
  void merge(const std::vector<std::string>& parts) {
    std::string token = parts.front();
    for (std::size_t i = 1; i < parts.size() && size() < vocabulary_size; ++i) {
      if (!vocabulary_.contains(token + parts[i])) {
        merges_.push_back(nlohmann::json::array({token, parts[i]}));
        add(token + parts[i]);
      }
      token += parts[i];
    }
  }

  /// What a trainer found: pairs of ids, each the next token.
  void merge(const std::vector<bv2::perf::TokenPair>& pairs) {
    for (const auto& [left, right] : pairs) {
      const std::string token = tokens_[left] + tokens_[right];
      merges_.push_back(nlohmann::json::array({tokens_[left], tokens_[right]}));
      tokens_.push_back(token);
      vocabulary_.emplace(token, vocabulary_.size());
    }
  }

  [[nodiscard]] std::size_t size() const { return vocabulary_.size(); }

  [[nodiscard]] std::string tokenizer_json() const {
    const nlohmann::json split = {
        {"type", "Split"}, {"pattern", {{"Regex", llama3_pattern}}}, {"behavior", "Isolated"}};
    const nlohmann::json byte_level = {
        {"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
    return nlohmann::json{{"model", {{"type", "BPE"}, {"vocab", vocabulary_}, {"merges", merges_}}},
                          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, byte_level}}}},
                          {"decoder", {{"type", "ByteLevel"}}}}
        .dump();
  }

 private:
  void add(const std::string& token) {
    vocabulary_.emplace(token, vocabulary_.size());
    tokens_.push_back(token);
  }

  char32_t unprintable_ = 0;
  std::map<std::string, std::size_t> vocabulary_;
  std::vector<std::string> tokens_;  // by id
  nlohmann::json merges_ = nlohmann::json::array();
};

std::vector<std::string> letters(const std::string& text) {
  std::vector<std::string> parts;
  for (const char letter : text) parts.emplace_back(1, letter);
  return parts;
}

struct Subject {
  std::string json;
  Tokenizer tokenizer;
  std::string text;
};

Subject of_text(const std::filesystem::path& path) {
  std::string text = bv2::read_file(path);
  const std::size_t learned = text.size() - std::min(text.size(), text_bytes);
  VocabularyMaker maker;
  maker.merge(bv2::perf::BpeTrainer(std::string_view(text).substr(0, learned)).train(vocabulary_size));
  std::string json = maker.tokenizer_json();
  Tokenizer tokenizer = Tokenizer::from_json(json, path.string());
  return Subject{std::move(json), std::move(tokenizer), text.substr(learned)};
}

const Subject& large_vocabulary() {
  static const Subject subject = [] {
    if (const char* path = std::getenv("BV2_PERF_TEXT")) return of_text(path);
    Language language(70'000);
    VocabularyMaker maker;
    for (const auto& syllable : language.syllables()) maker.merge(letters(syllable));
    for (const auto& syllable : language.syllables()) maker.merge({"\u0120", syllable});
    for (const auto& word : language.words()) {
      maker.merge(word);
      std::vector<std::string> spaced = word;
      spaced[0] = "\u0120" + spaced[0];
      maker.merge(spaced);
    }
    std::string json = maker.tokenizer_json();
    Tokenizer tokenizer = Tokenizer::from_json(json, "the synthetic vocabulary");
    return Subject{std::move(json), std::move(tokenizer), language.text(text_bytes)};
  }();
  return subject;
}

void report(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void encode(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text) {
  std::size_t ids = 0;
  for (auto _ : state) ids = tokenizer.encode(text).size();
  report(state, text.size());
  state.counters["bytes_per_token"] = static_cast<double>(text.size()) / static_cast<double>(ids);
}

void encode_128k(benchmark::State& state) {
  const Subject& subject = large_vocabulary();
  state.counters["vocab_size"] = static_cast<double>(subject.tokenizer.vocab_size());
  encode(state, subject.tokenizer, subject.text);
}

/// As a benchmark's prompts are: each 2 kB encoded by a call of its own, with nothing cached from the others.
void encode_128k_prompts(benchmark::State& state) {
  const Subject& subject = large_vocabulary();
  constexpr std::size_t prompt_bytes = 2048;
  std::size_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        subject.tokenizer.encode(std::string_view(subject.text).substr(at, prompt_bytes)));
    at = (at + prompt_bytes) % (text_bytes - prompt_bytes);
  }
  report(state, prompt_bytes);
}

/// Linear: the time for a byte stays the same.
void encode_128k_length(benchmark::State& state) {
  const std::string& text = large_vocabulary().text;
  const auto length = static_cast<std::size_t>(state.range(0));
  encode(state, large_vocabulary().tokenizer, text.substr(0, length));
}

void encode_128k_one_word(benchmark::State& state) {
  encode(state, large_vocabulary().tokenizer, std::string(static_cast<std::size_t>(state.range(0)), 'a'));
}

void encode_128k_no_spaces(benchmark::State& state) {
  std::string text = large_vocabulary().text.substr(0, static_cast<std::size_t>(state.range(0)));
  std::erase_if(text, [](char letter) { return letter < 'a' || letter > 'z'; });
  encode(state, large_vocabulary().tokenizer, text);
}

void decode_128k(benchmark::State& state) {
  const Subject& subject = large_vocabulary();
  const auto ids = subject.tokenizer.encode(subject.text);
  for (auto _ : state) benchmark::DoNotOptimize(subject.tokenizer.decode(ids));
  report(state, subject.text.size());
}

void load_128k(benchmark::State& state) {
  const std::string& json = large_vocabulary().json;
  for (auto _ : state) benchmark::DoNotOptimize(Tokenizer::from_json(json, "the synthetic vocabulary"));
  report(state, json.size());
}

void encode_fixture(benchmark::State& state, const std::filesystem::path& path) {
  const Tokenizer tokenizer = Tokenizer::from_file(path);
  encode(state, tokenizer, large_vocabulary().text.substr(0, 1 << 20));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::RegisterBenchmark("encode_128k", encode_128k)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("encode_128k_prompts", encode_128k_prompts)->Unit(benchmark::kMicrosecond);
  benchmark::RegisterBenchmark("encode_128k_length", encode_128k_length)
      ->Range(1 << 14, text_bytes)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("encode_128k_one_word", encode_128k_one_word)
      ->Range(1 << 14, 1 << 20)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("encode_128k_no_spaces", encode_128k_no_spaces)
      ->Range(1 << 14, 1 << 20)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("decode_128k", decode_128k)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("load_128k", load_128k)->Unit(benchmark::kMillisecond);
  for (const auto& entry : std::filesystem::directory_iterator(BV2_PERF_TOKENIZERS_DIR)) {
    const std::string name = "encode_fixture/" + entry.path().filename().string();
    benchmark::RegisterBenchmark(name.c_str(), encode_fixture, entry.path() / "tokenizer.json")
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
