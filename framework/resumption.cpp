// Going on with a run that was interrupted.
#include "framework/resumption.h"

namespace bv2 {
namespace {

/// The first place where two documents differ, with both values.
std::string first_difference(const Json& before, const Json& now) {
  const Json changes = Json::diff(before, now);
  const Json::json_pointer place(changes.at(0).at("path").get<std::string>());
  const auto value = [&](const Json& document) {
    return document.contains(place) ? document.at(place).dump() : std::string("nothing");
  };
  return fmt::format("{} was {}, now it is {}", place.to_string(), value(before), value(now));
}

}  // namespace

std::filesystem::path Resumption::file_of(std::int64_t benchmark) const {
  std::filesystem::path path;
  for (const JournalLine& line : lines) {
    const auto file = line.as<FileRecord>();
    if (file && file->benchmark == benchmark) path = file->path;
  }
  return path;
}

void Resumption::replay(std::span<ScenarioRun> scenarios) const {
  const auto apply = [&](const auto& record) {
    if (!record) return;
    if (record->scenario < 0 || record->scenario >= static_cast<std::int64_t>(scenarios.size())) {
      fail("the journal '{}' is of another run: it has a scenario {}", journal.string(), record->scenario);
    }
    scenarios[static_cast<std::size_t>(record->scenario)].apply(*record);
  };
  for (const JournalLine& line : lines) {
    apply(line.as<LaunchRecord>());
    apply(line.as<IterationRecord>());
    apply(line.as<ProfileRecord>());
    apply(line.as<EndRecord>());
  }
}

Resumption find_resumption(const std::filesystem::path& output_dir, const Json& asked) {
  Resumption found;
  found.journal = newest_unfinished_journal(output_dir);
  if (found.journal.empty()) {
    fail<UsageError>("--resume: '{}' has no run that was interrupted", output_dir.string());
  }
  JournalContent content = read_journal(found.journal);
  const auto run = content.lines.front().as<RunRecord>();
  if (!run || run->version != journal_version) {
    fail<UsageError>("--resume: '{}' was written by another version of the program", found.journal.string());
  }
  if (run->asked != asked) {
    fail<UsageError>("--resume: the run of '{}' was of something else ({}): give the options that it had",
                     found.journal.string(), first_difference(run->asked, asked));
  }
  found.run = *run;
  found.whole_bytes = content.whole_bytes;
  found.lines.assign(std::make_move_iterator(content.lines.begin() + 1),
                     std::make_move_iterator(content.lines.end()));
  return found;
}

}  // namespace bv2
