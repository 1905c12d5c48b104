// Ctrl-C: the flag and the signals that raise it.
#include "base/interrupt.h"

#include <gtest/gtest.h>

namespace bv2 {
namespace {

TEST(Interrupt, RaisedFlagThrows) {
  InterruptFlag flag;
  EXPECT_NO_THROW(flag.throw_if_raised());
  flag.raise();
  EXPECT_TRUE(flag.raised());
  EXPECT_THROW(flag.throw_if_raised(), Interrupted);
}

TEST(Interrupt, FirstSignalRaisesTheFlag) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    InterruptFlag flag;
    const InterruptSignals signals(flag);
    ASSERT_EQ(::raise(signal), 0);
    EXPECT_TRUE(flag.raised());
  }
}

TEST(InterruptDeathTest, SecondSignalEndsTheProcess) {
  EXPECT_EXIT(
      {
        InterruptFlag flag;
        const InterruptSignals signals(flag);
        ::raise(SIGINT);
        ::raise(SIGINT);
      },
      testing::ExitedWithCode(130), "");
}

TEST(InterruptDeathTest, SignalsMeanWhatTheyMeantBeforeOnceItIsGone) {
  EXPECT_EXIT(
      {
        InterruptFlag flag;
        { const InterruptSignals signals(flag); }
        ::raise(SIGTERM);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(Interrupt, IgnoredSignalsStayIgnored) {
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGHUP, &ignore, &before), 0);
  InterruptFlag flag;
  {
    const InterruptSignals signals(flag);
    ::raise(SIGHUP);
  }
  EXPECT_FALSE(flag.raised());
  ::sigaction(SIGHUP, &before, nullptr);
}

}  // namespace
}  // namespace bv2
