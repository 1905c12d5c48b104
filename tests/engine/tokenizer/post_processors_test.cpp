// What post-processors put around a text.
#include "engine/tokenizer/post_processor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace bv2::engine::tokenizer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SpecialFrame frame_of(std::string_view config) {
  const auto json = nlohmann::json::parse(config);
  return read_special_frame(ConfigNode(json, "test"));
}

TEST(PostProcessor, Frames) {
  const SpecialFrame bert = frame_of(R"({"type":"BertProcessing","sep":["[SEP]",3],"cls":["[CLS]",2]})");
  EXPECT_THAT(bert.prefix, ElementsAre(2));
  EXPECT_THAT(bert.suffix, ElementsAre(3));
  EXPECT_THAT(frame_of(R"({"type":"ByteLevel"})").prefix, IsEmpty());
}

TEST(PostProcessor, SequenceWrapsFromTheInside) {
  const SpecialFrame frame = frame_of(R"({"type":"Sequence","processors":[
    {"type":"BertProcessing","sep":["s",3],"cls":["c",2]},
    {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"b"}},{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"e"}}],
     "special_tokens":{"b":{"ids":[7,8]},"e":{"ids":[9]}}}]})");
  EXPECT_THAT(frame.prefix, ElementsAre(7, 8, 2));
  EXPECT_THAT(frame.suffix, ElementsAre(3, 9));
}

TEST(PostProcessor, RefusesTemplatesItCannotFollow) {
  for (const char* single :
       {R"([{"Sequence":{"id":"B"}}])", R"([])", R"([{"Sequence":{"id":"A"}},{"Sequence":{"id":"A"}}])",
        R"([{"SpecialToken":{"id":"x"}},{"Sequence":{"id":"A"}}])", R"([{"Other":{}}])"}) {
    EXPECT_THROW(
        frame_of(fmt::format(R"({{"type":"TemplateProcessing","single":{},"special_tokens":{{}}}})", single)),
        Error)
        << single;
  }
}

}  // namespace
}  // namespace bv2::engine::tokenizer
