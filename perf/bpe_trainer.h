// Learns a byte-level BPE vocabulary from a text, for measurements: published vocabularies of this size may
// not be kept here.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <map>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace bv2::perf {

using TokenPair = std::pair<std::uint32_t, std::uint32_t>;

/// Merges the most frequent pair of neighbours again and again (Sennrich et al. 2016). Tokens are bytes first
/// (ids 0 to 255), then one for each merge.
class BpeTrainer {
 public:
  explicit BpeTrainer(std::string_view text) {
    for (const auto& [word, count] : words_of(text)) {
      const auto index = static_cast<std::uint32_t>(words_.size());
      Word& added = words_.emplace_back();
      added.count = count;
      for (const char byte : word) added.symbols.push_back(static_cast<unsigned char>(byte));
      count_pairs(added, 1);
      for (std::size_t i = 0; i + 1 < added.symbols.size(); ++i)
        where_[{added.symbols[i], added.symbols[i + 1]}].push_back(index);
    }
    for (const auto& [pair, count] : counts_) queue_.push({count, pair});
  }

  /// The merges of a vocabulary of that size, best first; fewer where no pair is left that occurs twice.
  std::vector<TokenPair> train(std::size_t vocabulary_size) {
    std::vector<TokenPair> merges;
    while (256 + merges.size() < vocabulary_size && !queue_.empty()) {
      const auto [count, pair] = queue_.top();
      queue_.pop();
      const std::int64_t now = counts_[pair];
      if (now != count) {  // it has changed since it was queued
        if (now > 1) queue_.push({now, pair});
        continue;
      }
      if (count < 2) break;
      apply(pair, static_cast<std::uint32_t>(256 + merges.size()));
      merges.push_back(pair);
    }
    return merges;
  }

 private:
  struct Word {
    std::vector<std::uint32_t> symbols;
    std::int64_t count = 0;
  };
  struct Queued {
    std::int64_t count;
    TokenPair pair;
    bool operator<(const Queued& other) const {
      return std::tie(count, other.pair) < std::tie(other.count, pair);
    }
  };
  struct PairHash {
    std::size_t operator()(const TokenPair& pair) const {
      return (std::uint64_t{pair.first} << 32U | pair.second) * 0x9e3779b97f4a7c15U >> 20U;
    }
  };

  /// Runs of letters with the space before them, of other characters, and single spaces: about what the
  /// patterns of published tokenizers split.
  static std::map<std::string, std::int64_t, std::less<>> words_of(std::string_view text) {
    std::map<std::string, std::int64_t, std::less<>> words;
    const auto is_letter = [&](std::size_t at) {
      return at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0;
    };
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      if (is_letter(at) || (text[at] == ' ' && is_letter(end))) {
        while (is_letter(end)) ++end;
      } else if (std::ispunct(static_cast<unsigned char>(text[at])) != 0) {
        while (end < text.size() && std::ispunct(static_cast<unsigned char>(text[end])) != 0) ++end;
      }
      const std::string_view word = text.substr(at, end - at);
      const auto found = words.find(word);
      if (found == words.end())
        words.emplace(word, 1);
      else
        ++found->second;
      at = end;
    }
    return words;
  }

  void count_pairs(const Word& word, std::int64_t sign) {
    for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i)
      counts_[{word.symbols[i], word.symbols[i + 1]}] += sign * word.count;
  }

  void apply(const TokenPair& pair, std::uint32_t token) {
    std::vector<std::uint32_t> places = std::move(where_[pair]);
    where_.erase(pair);
    // A word has a place for each time that it has the pair: a ruler of dashes has thousands.
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    std::set<TokenPair> made;
    for (const std::uint32_t index : places) {
      count_pairs(words_[index], -1);
      std::vector<std::uint32_t>& symbols = words_[index].symbols;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < symbols.size(); ++i, ++kept) {
        const bool here = i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
        symbols[kept] = here ? token : symbols[i];
        if (here) ++i;
      }
      symbols.resize(kept);
      count_pairs(words_[index], 1);
      for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
        if (symbols[i] != token && symbols[i + 1] != token) continue;
        const TokenPair neighbours{symbols[i], symbols[i + 1]};
        where_[neighbours].push_back(index);
        made.insert(neighbours);
      }
    }
    // Once each, when all are counted: of megabytes of text a queue of every change fills the memory.
    for (const TokenPair& neighbours : made) queue_.push({counts_[neighbours], neighbours});
  }

  std::vector<Word> words_;
  std::unordered_map<TokenPair, std::int64_t, PairHash> counts_;
  std::unordered_map<TokenPair, std::vector<std::uint32_t>, PairHash> where_;
  std::priority_queue<Queued> queue_;
};

}  // namespace bv2::perf
