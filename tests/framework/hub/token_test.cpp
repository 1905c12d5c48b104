// The token: where it comes from, and that it stays secret.
#include "framework/hub/token.h"

#include <gtest/gtest.h>

#include "support/error_text.h"
#include "support/hub_environment.h"
#include "support/temporary_folder.h"

namespace bv2::hub {
namespace {

using test::environment;
using test::error_text;

TEST(Token, OptionThenVariableThenFile) {
  const test::TemporaryFolder home;
  home.write("token", "from_file\n");
  const std::string dir = home.path().string();
  const auto both = environment({{"HF_TOKEN", "from_variable"}, {"HF_HOME", dir}});
  EXPECT_EQ(find_token("from_option", both).reveal(), "from_option");
  EXPECT_EQ(find_token("from_option", both).source(), "--token");
  EXPECT_EQ(find_token(std::nullopt, both).reveal(), "from_variable");
  EXPECT_EQ(find_token(std::nullopt, both).source(), "HF_TOKEN");
  const Token file = find_token(std::nullopt, environment({{"HF_TOKEN", " \n"}, {"HF_HOME", dir}}));
  EXPECT_EQ(file.reveal(), "from_file");
  EXPECT_EQ(file.source(), dir + "/token");
}

TEST(Token, NoneIsNoFault) {
  const test::TemporaryFolder home;
  EXPECT_TRUE(find_token(std::nullopt, environment({{"HF_HOME", home.path().string()}})).empty());
  EXPECT_TRUE(find_token(std::nullopt, environment({})).empty());
}

TEST(Token, WhatCannotBeSentIsRefusedAndNotShown) {
  EXPECT_EQ(error_text<UsageError>([] { find_token("", environment({})); }), "--token: it is empty");
  const std::string text = error_text<UsageError>([] { find_token("secret\r\nX-Evil: 1", environment({})); });
  EXPECT_EQ(text, "--token: this is no token: it has white space or other control characters");
}

TEST(Token, IsMaskedWhereverItStands) {
  const Token token("tok-123", "HF_TOKEN");
  EXPECT_EQ(token.redact("a tok-123 b tok-123tok-123"), "a *** b ******");
  EXPECT_TRUE(token.occurs_in("xtok-123x"));
  EXPECT_FALSE(token.occurs_in("tok-12"));
  EXPECT_FALSE(Token().occurs_in("anything"));
}

TEST(Token, OthersThatLookLikeOneAreMaskedToo) {
  EXPECT_EQ(Token().redact("bad token hf_AbCdEfGhIjKlMnOpQrStUv: no"), "bad token ***: no");
  EXPECT_EQ(Token().redact("see hf_hub and hf_home"), "see hf_hub and hf_home");
}

}  // namespace
}  // namespace bv2::hub
