// The journal of a run: everything that happened, a line each, on the disk before the next begins. What a
// scenario's result is made from is what stands here, whether it was just measured or read back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "framework/result.h"

namespace bv2 {

/// Of the lines below.
constexpr std::int64_t journal_version = 3;

/// The first line: what run it is, so that only the same one goes on.
struct RunRecord {
  static constexpr std::string_view event = "run";
  std::int64_t version = journal_version;
  std::string uuid;
  std::string timestamp;   ///< when it began: UTC, milliseconds
  std::string file_stamp;  ///< of its files' names
  std::uint64_t schedule_seed = 0;
  Json asked = Json::object();  ///< all that decides what is measured
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("version", self.version);
    visit("uuid", self.uuid);
    visit("timestamp", self.timestamp);
    visit("file_stamp", self.file_stamp);
    visit("schedule_seed", self.schedule_seed);
    visit("asked", self.asked);
  }
};

/// A scenario's worker was started and is warm, or failed on the way there (an EndRecord follows).
struct LaunchRecord {
  static constexpr std::string_view event = "launch";
  std::int64_t scenario = 0;  ///< counts from 0 over the whole run
  std::int64_t pass = 0;      ///< which of the --launches it serves; a resumed one is served by several
  ScenarioMetadata metadata{};
  Phases phases{};
  Verification verification{};
  std::vector<MonitorReport> monitors{};
  NamedValues<double> idle_watts{};       ///< by domain of energy, before the run's first scenario
  std::vector<double> warm_up_seconds{};  ///< latencies of the warm-up
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario", self.scenario);
    visit("pass", self.pass);
    visit("metadata", self.metadata);
    visit("phases", self.phases);
    visit("verification", self.verification);
    visit("monitors", self.monitors);
    visit("idle_watts", self.idle_watts);
    visit("warm_up_seconds", self.warm_up_seconds);
  }
};

/// A measured iteration.
struct IterationRecord {
  static constexpr std::string_view event = "iteration";
  std::int64_t scenario = 0;
  Iteration iteration;
  Omittable<ScenarioOutput> output{};  ///< of the scenario's first iteration, with what ran until then
  Omittable<Json> effective{};
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario", self.scenario);
    visit("iteration", self.iteration);
    visit("output", self.output);
    visit("effective", self.effective);
  }
};

/// A scenario was traced, or could not be.
struct ProfileRecord {
  static constexpr std::string_view event = "profile";
  std::int64_t scenario = 0;
  ProfileResult profile;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario", self.scenario);
    visit("profile", self.profile);
  }
};

/// A scenario is done, one way or the other.
struct EndRecord {
  static constexpr std::string_view event = "end";
  std::int64_t scenario = 0;
  ScenarioStatus status = ScenarioStatus::success;
  Omittable<std::string> error{};
  Omittable<Json> measured_peaks{};  ///< as they are known now, where they were measured
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("scenario", self.scenario);
    visit("status", self.status);
    visit("error", self.error);
    visit("measured_peaks", self.measured_peaks);
  }
};

/// A document or the summary got its name.
struct FileRecord {
  static constexpr std::string_view event = "file";
  std::int64_t benchmark = 0;  ///< counts from 0; -1: the summary
  std::string path;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("benchmark", self.benchmark);
    visit("path", self.path);
  }
};

/// The last line: there is nothing to resume.
struct FinishedRecord {
  static constexpr std::string_view event = "finished";
  template <class Self, class Visit>
  static void fields(Self& /*self*/, Visit&& /*visit*/) {}
};

/// Appends lines to a file. After a failure it writes nothing more, so that the file stays a beginning of the
/// truth.
class Journal {
 public:
  /// None: nothing is written.
  Journal() = default;
  /// Opens the file and locks it, then cuts it to `keep_bytes`. Throws Error naming the path and the cause,
  /// such as another process that still writes it.
  explicit Journal(const std::filesystem::path& path, std::uintmax_t keep_bytes = 0);
  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) noexcept;

  /// The line is with the kernel when this returns, so that the end of this process loses nothing; and on the
  /// disk within a second's worth of lines, for the end of the machine. Throws Error naming the path and the
  /// cause, once.
  template <class Record>
  void append(const Record& record) {
    append_line({{"event", Record::event}, {"record", to_json(record)}});
  }

 private:
  void append_line(const Json& line);

  std::string path_;
  int fd_ = -1;
  std::uintmax_t size_bytes_ = 0;
  std::int64_t next_sync_ns_ = 0;
};

/// One line read back.
struct JournalLine {
  std::string event;
  Json record;
  /// The record, if it is of that kind.
  template <class Record>
  [[nodiscard]] std::optional<Record> as() const {
    if (event != Record::event) return std::nullopt;
    Record value;
    from_json_value(record, value, "the journal");
    return value;
  }
};

struct JournalContent {
  std::vector<JournalLine> lines;
  std::uintmax_t whole_bytes =
      0;  ///< length of the whole lines; what follows was cut off while it was written
};

/// Reads a journal; a last line that was cut off counts as not written. Throws Error for one that is damaged
/// elsewhere.
JournalContent read_journal(const std::filesystem::path& path);

/// Where a new journal goes: OUTPUT_DIR/STEM/journal.jsonl, with the folder made for it; STEM-2, -3 ... where
/// that is taken. Throws Error naming the folder and the cause.
std::filesystem::path new_journal_path(const std::filesystem::path& output_dir, const std::string& stem);

/// The newest journal below the output folder that is not finished; an empty path: there is none.
std::filesystem::path newest_unfinished_journal(const std::filesystem::path& output_dir);

}  // namespace bv2
