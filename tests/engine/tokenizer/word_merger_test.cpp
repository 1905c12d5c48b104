// Merging against the plainest way to do it, on random tables, most of which nobody would train.
#include "engine/tokenizer/word_merger.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace bv2::engine::tokenizer {
namespace {

using Symbols = std::vector<std::uint32_t>;
using Pairs = std::map<std::pair<std::uint32_t, std::uint32_t>, Merge>;

/// Looks at every pair before every merge.
Symbols merged_plainly(const Pairs& pairs, Symbols symbols) {
  while (true) {
    Merge best;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = pairs.find({symbols[i], symbols[i + 1]});
      if (found == pairs.end() || found->second.rank >= best.rank) continue;
      best = found->second;
      place = i;
    }
    if (!best.exists()) return symbols;
    symbols[place] = best.id;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

struct Tables {
  Pairs pairs;
  MergeTable table{1};
};

/// `count` merges of tokens below `tokens` into any of them: ranks have nothing to do with what they need.
Tables random_tables(std::mt19937_64& random, std::uint32_t tokens, std::uint32_t count) {
  Tables tables{.pairs = {}, .table = MergeTable(count)};
  for (std::uint32_t rank = 0; rank < count; ++rank) {
    const auto token = [&] { return static_cast<std::uint32_t>(random() % tokens); };
    const std::pair<std::uint32_t, std::uint32_t> pair{token(), token()};
    const Merge merge{rank, token()};
    tables.pairs[pair] = merge;
    tables.table.insert(pair.first, pair.second, merge);
  }
  return tables;
}

TEST(WordMerger, DoesWhatTheDefinitionSaysWhateverTheTableAndTheLength) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const auto tokens = static_cast<std::uint32_t>(2 + random() % 12);
    const Tables tables = random_tables(random, tokens, 1 + static_cast<std::uint32_t>(random() % 40));
    WordMerger merger(tables.table);
    for (int word = 0; word < 4; ++word) {  // one merger: its buffers are used again
      Symbols symbols(1 + random() % 150);
      for (auto& symbol : symbols) symbol = static_cast<std::uint32_t>(random() % tokens);
      const Symbols expected = merged_plainly(tables.pairs, symbols);
      Symbols found = symbols;
      merger.merge(found);
      ASSERT_EQ(found, expected) << "round " << round << ", word " << word << " of " << symbols.size();
    }
  }
}

TEST(WordMerger, TakesEqualRanksFromTheLeft) {
  MergeTable table(1);
  table.insert(0, 0, {0, 1});
  WordMerger merger(table);
  Symbols symbols(101, 0);
  merger.merge(symbols);
  Symbols expected(50, 1);
  expected.push_back(0);
  EXPECT_EQ(symbols, expected);
}

}  // namespace
}  // namespace bv2::engine::tokenizer
