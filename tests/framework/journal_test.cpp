// The journal: what was written is read back, whatever cut it off.
#include "framework/journal.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/file.h"
#include "support/error_text.h"
#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::HasSubstr;

IterationRecord iteration(std::int64_t scenario, std::int64_t order) {
  IterationRecord record{.scenario = scenario, .iteration = {}};
  record.iteration.start_ns = 1000 + order;
  record.iteration.token_ns = {2000, 3000};
  record.iteration.order = order;
  return record;
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() : path_(folder_.path() / "journal.jsonl") {}
  void append(const std::string& text) { std::ofstream(path_, std::ios::app) << text; }
  test::TemporaryFolder folder_;
  std::filesystem::path path_;
};

TEST_F(JournalTest, IsReadBackAsItWasWritten) {
  {
    Journal journal(path_);
    journal.append(
        RunRecord{.uuid = "u", .timestamp = "t", .file_stamp = "s", .schedule_seed = 7, .asked = {{"a", 1}}});
    IterationRecord first = iteration(3, 0);
    first.output.emplace(ScenarioOutput{.token_ids = {1, 2}, .text = "two\nlines \xff"});
    first.effective.emplace(Json{{"threads", 2}});
    journal.append(first);
    journal.append(iteration(3, 1));
    journal.append(EndRecord{.scenario = 3, .status = ScenarioStatus::crashed, .error{"why"}});
  }
  const JournalContent content = read_journal(path_);
  ASSERT_EQ(content.lines.size(), 4U);
  EXPECT_EQ(content.whole_bytes, std::filesystem::file_size(path_));
  EXPECT_EQ(content.lines[0].as<RunRecord>()->asked, (Json{{"a", 1}}));
  EXPECT_FALSE(content.lines[0].as<EndRecord>());
  const auto first = content.lines[1].as<IterationRecord>();
  EXPECT_EQ(first->output->text, "two\nlines \xEF\xBF\xBD") << "what is no UTF-8 is replaced";
  EXPECT_EQ((*first->effective)["threads"], 2);
  EXPECT_FALSE(content.lines[2].as<IterationRecord>()->output);
  EXPECT_EQ(content.lines[2].as<IterationRecord>()->iteration.start_ns, 1001);
  EXPECT_EQ(content.lines[3].as<EndRecord>()->error, "why");
}

TEST_F(JournalTest, ALineThatWasCutOffAnywhereCountsAsNotWritten) {
  {
    Journal journal(path_);
    journal.append(iteration(0, 0));
    journal.append(iteration(1, 1));
  }
  const std::string whole = read_file(path_);
  const std::size_t first_line = whole.find('\n') + 1;
  for (std::size_t length = first_line; length < whole.size(); ++length) {
    std::filesystem::resize_file(path_, length);
    EXPECT_EQ(read_journal(path_).lines.size(), 1U) << length;
    EXPECT_EQ(read_journal(path_).whole_bytes, first_line);
    { Journal(path_, first_line).append(iteration(2, 2)); }
    EXPECT_EQ(read_journal(path_).lines.at(1).as<IterationRecord>()->scenario, 2) << length;
    write_file_atomically(path_, whole);
  }
}

TEST_F(JournalTest, ALastLineOfAnythingCountsAsNotWritten) {
  { Journal(path_).append(iteration(0, 0)); }
  const auto whole_bytes = std::filesystem::file_size(path_);
  append(std::string(100, '\0'));  // what file systems leave of a page that never came to the disk
  EXPECT_EQ(read_journal(path_).whole_bytes, whole_bytes);
  append("\n");
  EXPECT_EQ(read_journal(path_).whole_bytes, whole_bytes);
}

TEST_F(JournalTest, DamageElsewhereIsAnError) {
  { Journal(path_).append(iteration(0, 0)); }
  append("nonsense\n");
  append("{\"event\":\"finished\",\"record\":{}}\n");
  EXPECT_THAT(test::error_text<Error>([&] { read_journal(path_); }), HasSubstr("is damaged in line 2"));
}

TEST_F(JournalTest, OnlyOneProcessWritesIt) {
  const Journal journal(path_);
  EXPECT_THAT(test::error_text<Error>([&] { Journal(path_, 0); }), HasSubstr("its run still goes on"));
}

TEST_F(JournalTest, AFailureIsToldOnce) {
  Journal journal("/dev/full");
  EXPECT_THAT(test::error_text<Error>([&] { journal.append(FinishedRecord{}); }), HasSubstr("No space left"));
  EXPECT_NO_THROW(journal.append(FinishedRecord{}));
}

TEST_F(JournalTest, TheNewestThatIsNotFinishedIsFound) {
  EXPECT_EQ(newest_unfinished_journal(folder_.path()), "");
  const auto old = new_journal_path(folder_.path(), "run");
  { Journal(old).append(RunRecord{}); }
  const auto interrupted = new_journal_path(folder_.path(), "run");
  { Journal(interrupted).append(RunRecord{}); }
  std::filesystem::last_write_time(old,
                                   std::filesystem::last_write_time(interrupted) - std::chrono::hours(1));
  const auto finished = new_journal_path(folder_.path(), "run");
  {
    Journal journal(finished);
    journal.append(RunRecord{});
    journal.append(FinishedRecord{});
  }
  const auto empty = new_journal_path(folder_.path(), "run");
  { Journal journal(empty); }
  EXPECT_EQ(newest_unfinished_journal(folder_.path()), interrupted);
  EXPECT_EQ(interrupted, folder_.path() / "run-2" / "journal.jsonl");
}

}  // namespace
}  // namespace bv2
