// Decoders one by one.
#include "engine/tokenizer/decoder.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace bv2::engine::tokenizer {
namespace {

std::string decoded(std::string_view config, std::vector<std::string> tokens) {
  const auto json = nlohmann::json::parse(config);
  make_token_decoder(ConfigNode(json, "test"))->decode(tokens);
  std::string text;
  for (const auto& token : tokens) text += token;
  return text;
}

TEST(Decoder, ByteLevelRepairsAndPassesOthersOn) {
  EXPECT_EQ(decoded(R"({"type":"ByteLevel"})", {"\u0120\u00c3", "\u00a9", "\u6f22"}), " \u00e9\u6f22");
  EXPECT_EQ(decoded(R"({"type":"ByteLevel"})", {"\u00c3"}), "\ufffd");
}

TEST(Decoder, ByteFallback) {
  EXPECT_EQ(decoded(R"({"type":"ByteFallback"})", {"<0xC3>", "<0xA9>", "x", "<0xc3>"}), "\u00e9x\ufffd");
  EXPECT_EQ(decoded(R"({"type":"ByteFallback"})", {"<0xG0>"}), "<0xG0>");
}

TEST(Decoder, Metaspace) {
  const std::string config = R"({"type":"Metaspace","replacement":"_","prepend_scheme":"always"})";
  EXPECT_EQ(decoded(config, {"__a", "_b_"}), "a b ");
  EXPECT_EQ(decoded(R"({"type":"Metaspace","replacement":"_","prepend_scheme":"never"})", {"_a"}), " a");
}

TEST(Decoder, WordPiece) {
  EXPECT_EQ(decoded(R"({"type":"WordPiece","prefix":"##","cleanup":true})", {"do", "##n", "'", "t", "!"}),
            "don ' t!");
  EXPECT_EQ(decoded(R"({"type":"WordPiece","prefix":"##","cleanup":false})", {"a", "!"}), "a !");
}

TEST(Decoder, StripReplaceBpeAndSequence) {
  EXPECT_EQ(decoded(R"({"type":"Strip","content":"H","start":1,"stop":0})", {"Hey", "HHH", "a"}), "eyHHa");
  EXPECT_EQ(decoded(R"({"type":"Strip","content":"a","start":2,"stop":2})", {"a", "aaa", "baa"}), "b");
  EXPECT_EQ(decoded(R"({"type":"Replace","pattern":{"Regex":"a+"},"content":"-"})", {"aab", "a"}), "-b-");
  EXPECT_EQ(decoded(R"({"type":"BPEDecoder","suffix":"</w>"})", {"a</w>", "b", "c</w>"}), "a bc");
  EXPECT_EQ(
      decoded(
          R"({"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})",
          {" a", " b"}),
      "a b");
}

TEST(Decoder, UnknownTypeIsRefused) { EXPECT_THROW(decoded(R"({"type":"CTC"})", {}), Error); }

}  // namespace
}  // namespace bv2::engine::tokenizer
