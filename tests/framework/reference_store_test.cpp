// What a kept reference depends on, and how much is kept.
#include "framework/reference_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "support/temporary_folder.h"

namespace bv2::test {
namespace {

namespace fs = std::filesystem;

TEST(ReferenceStore, EveryPartOfTheQuestionCounts) {
  const ReferenceStore store("/store");
  ReferenceQuestion question{.program = "p", .model = "m"};
  std::set<fs::path> files{store.file_of(question)};
  EXPECT_EQ(store.file_of(question), *files.begin());
  EXPECT_EQ(files.begin()->extension(), ".safetensors");
  const auto add = [&](auto change) {
    ReferenceQuestion other = question;
    change(other);
    EXPECT_TRUE(files.insert(store.file_of(other)).second);
  };
  add([](auto& q) { q.program = "q"; });
  add([](auto& q) { q.model = "n"; });
  add([](auto& q) { q.prompt.texts = {"t"}; });
  add([](auto& q) { q.prompt.ids = {1}; });
  add([](auto& q) { q.sequence_length = 7; });
  add([](auto& q) { q.batch_size = 2; });
  add([](auto& q) { q.seed = 1; });
  add([](auto& q) { q.new_tokens = 4; });
}

TEST(ModelDigest, IsOfContentsAndNames) {
  const InterruptFlag interrupt;
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  const fs::path weights = folder.write("model.safetensors", "weights");
  const std::string before = model_digest(folder.path(), interrupt);
  EXPECT_EQ(before, model_digest(folder.path(), interrupt));
  folder.write("README.md", "no matter");
  EXPECT_EQ(before, model_digest(folder.path(), interrupt));
  const auto time = fs::last_write_time(weights);
  folder.write("model.safetensors", "weightz");
  fs::last_write_time(weights, time);
  EXPECT_NE(before, model_digest(folder.path(), interrupt)) << "size and time are the same";
  folder.write("model.safetensors", "weights");
  fs::rename(weights, folder.path() / "other.safetensors");
  EXPECT_NE(before, model_digest(folder.path(), interrupt));
  EXPECT_THROW(model_digest(folder.path() / "nowhere", interrupt), Error);
}

TEST(ModelDigest, CanBeInterrupted) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  InterruptFlag interrupt;
  interrupt.raise();
  EXPECT_THROW(model_digest(folder.path(), interrupt), Interrupted);
}

TEST(ProgramDigest, IsTheSameForTheSameProcess) {
  EXPECT_EQ(program_digest(), program_digest());
  EXPECT_EQ(program_digest().size(), 64U);
}

TEST(ReferenceStore, TrimsTheOldest) {
  const TemporaryFolder folder;
  const auto now = fs::file_time_type::clock::now();
  for (const int age : {1, 2, 3}) {
    const fs::path file = folder.write("r" + std::to_string(age) + ".safetensors", std::string(100, 'x'));
    fs::last_write_time(file, now - std::chrono::hours(age));
  }
  const fs::path other = folder.write("something.else", std::string(1000, 'x'));
  ReferenceStore(folder.path()).trim(250);
  EXPECT_TRUE(fs::exists(folder.path() / "r1.safetensors"));
  EXPECT_TRUE(fs::exists(folder.path() / "r2.safetensors"));
  EXPECT_FALSE(fs::exists(folder.path() / "r3.safetensors"));
  EXPECT_TRUE(fs::exists(other));
  ReferenceStore(folder.path() / "nowhere").trim(0);
}

TEST(ReferenceMemory, IsRefusedWhereItIsShort) {
  constexpr std::int64_t billion = 1'000'000'000;
  EXPECT_EQ(reference_memory_shortage(billion, 5 * billion), std::nullopt);
  const auto shortage = reference_memory_shortage(billion, 4 * billion);
  ASSERT_TRUE(shortage);
  EXPECT_THAT(*shortage, testing::HasSubstr("needs 4.2 GiB of memory, 3.7 GiB are available"));
  EXPECT_EQ(reference_memory_shortage(std::nullopt, 1), std::nullopt);
  EXPECT_EQ(reference_memory_shortage(billion, std::nullopt), std::nullopt);
}

}  // namespace
}  // namespace bv2::test
