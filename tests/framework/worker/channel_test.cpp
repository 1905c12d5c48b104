// Messages over a socket.
#include "framework/worker/channel.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string_view>
#include <thread>

#include "support/error_text.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

class ChannelTest : public testing::Test {
 protected:
  ChannelTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    here_.emplace(ends[0]);
    there_.emplace(ends[1]);
  }
  void write_there(std::string_view bytes) {
    ASSERT_EQ(::write(there_->fd(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  std::string receive_error() {
    return test::error_text<BrokenChannel>([&] { static_cast<void>(here_->receive()); });
  }
  std::optional<Channel> here_;
  std::optional<Channel> there_;
};

TEST_F(ChannelTest, MessagesComeInTheirOrder) {
  there_->send({{"a", 1}});
  there_->send({{"text", "\xff"}});  // a model's text may be cut anywhere
  EXPECT_EQ((*here_->receive())["a"], 1);
  EXPECT_EQ((*here_->receive())["text"], "\xEF\xBF\xBD");
}

TEST_F(ChannelTest, AMessageMayBeLargerThanTheSocketHolds) {
  const std::string large(10'000'000, 'x');
  std::thread sender([&] { there_->send({{"large", large}}); });
  EXPECT_EQ((*here_->receive())["large"], large);
  sender.join();
}

TEST_F(ChannelTest, AnEndBetweenMessagesIsNoError) {
  there_->send({{"a", 1}});
  there_.reset();
  EXPECT_TRUE(here_->receive());
  EXPECT_FALSE(here_->receive());
}

TEST_F(ChannelTest, AnythingElseIs) {
  write_there("not a message");
  EXPECT_THAT(receive_error(), HasSubstr("no message"));
}

TEST_F(ChannelTest, AnEndWithinAMessageIs) {
  write_there({"BV2W\x08\0\0\0{\"a\"", 12});
  there_.reset();
  EXPECT_THAT(receive_error(), HasSubstr("in the middle of a message"));
}

TEST_F(ChannelTest, AMessageThatIsNoJsonIs) {
  write_there({"BV2W\x04\0\0\0nope", 12});
  EXPECT_THAT(receive_error(), HasSubstr("not valid JSON"));
}

TEST_F(ChannelTest, AnAbsurdLengthIs) {
  write_there({"BV2W\xff\xff\xff\xff", 8});
  EXPECT_THAT(receive_error(), HasSubstr("no message"));
}

TEST_F(ChannelTest, WritingToNobodyIs) {
  there_.reset();
  EXPECT_THAT(test::error_text<BrokenChannel>([&] { here_->send({{"a", 1}}); }), HasSubstr("Broken pipe"));
}

}  // namespace
}  // namespace bv2
