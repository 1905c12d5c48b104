// What a run asks of a worker, and what it answers: each message is described once, and the protocol follows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "framework/model_benchmark.h"
#include "framework/monitors/samples.h"
#include "framework/prompt.h"
#include "framework/result.h"
#include "framework/scenario_config.h"
#include "framework/trace/profile_result.h"

namespace bv2 {

/// Of the protocol. It changes with any message, so that a program that was rebuilt during a run does not
/// talk past its own older half.
constexpr std::int64_t worker_protocol_version = 4;

/// In place of a reply: what ended the scenario. Replies themselves are wrapped as {"reply": ...}.
struct ErrorReply {
  std::string error;  ///< one line
  ScenarioStatus status = ScenarioStatus::failed;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("error", self.error);
    visit("status", self.status);
  }
};

/// The first message of a process: where it finds the benchmarks.
struct HelloRequest {
  static constexpr std::string_view name = "hello";
  struct Reply {
    std::int64_t protocol_version = worker_protocol_version;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("protocol_version", self.protocol_version);
    }
  };
  std::int64_t protocol_version = worker_protocol_version;
  bool monitors_only = false;               ///< it will be asked for samples, and needs no benchmarks
  std::vector<std::string> benches_dirs{};  ///< of --benches-dir
  std::vector<std::string> kernels_dirs{};  ///< of --kernels-dir
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("protocol_version", self.protocol_version);
    visit("monitors_only", self.monitors_only);
    visit("benches_dirs", self.benches_dirs);
    visit("kernels_dirs", self.kernels_dirs);
  }
};

/// Opens the session.
struct LoadRequest {
  static constexpr std::string_view name = "load";
  struct Reply {
    double seconds = 0;
    MemoryUsage memory;  ///< of the worker's process meanwhile
    ModelFacts model;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("seconds", self.seconds);
      visit("memory", self.memory);
      visit("model", self.model);
    }
  };
  std::string benchmark;  ///< name
  ScenarioConfig config;
  MonitorNames monitors = all_monitor_names();  ///< that are read at the edges of iterations
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("benchmark", self.benchmark);
    visit("config", self.config);
    visit("monitors", self.monitors);
  }
};

/// Makes the prompt of all that follows.
struct MakePromptRequest {
  static constexpr std::string_view name = "make_prompt";
  using Reply = PromptInfo;
  PromptRequest prompt;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("prompt", self.prompt);
  }
};

/// How long something took that happens once.
struct PhaseReply {
  double seconds = 0;
  MemoryUsage memory;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("seconds", self.seconds);
    visit("memory", self.memory);
  }
};

struct PrepareRequest {
  static constexpr std::string_view name = "prepare";
  struct Reply {
    PhaseReply phase;
    PreparationTimes times;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("phase", self.phase);
      visit("times", self.times);
    }
  };
  std::string dump_graph_dir{};  ///< empty: nowhere; so the next
  std::string dump_code_dir{};
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("dump_graph_dir", self.dump_graph_dir);
    visit("dump_code_dir", self.dump_code_dir);
  }
};

/// A short generation whose logits and tokens must be sane, and those of the reference where there is one.
struct CheckRequest {
  static constexpr std::string_view name = "check";
  struct Reply {
    PhaseReply phase;
    Verification verification;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("phase", self.phase);
      visit("verification", self.verification);
    }
  };
  std::string reference{};  ///< file; empty: none
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("reference", self.reference);
  }
};

/// Writes what the scenarios of the same model and prompt are held against.
struct MakeReferenceRequest {
  static constexpr std::string_view name = "make_reference";
  struct Reply {
    template <class Self, class Visit>
    static void fields(Self& /*self*/, Visit&& /*visit*/) {}
  };
  std::string file;
  std::int64_t new_tokens = 0;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("file", self.file);
    visit("new_tokens", self.new_tokens);
  }
};

/// One iteration, be it to warm up or to be measured.
struct IterateRequest {
  static constexpr std::string_view name = "iterate";
  struct Reply {
    Iteration iteration;                  ///< all but its place in the run
    std::vector<std::int64_t> token_ids;  ///< of the first sequence
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("iteration", self.iteration);
      visit("token_ids", self.token_ids);
    }
  };
  template <class Self, class Visit>
  static void fields(Self& /*self*/, Visit&& /*visit*/) {}
};

/// What became of the monitors, and what each takes.
struct MonitorsRequest {
  static constexpr std::string_view name = "monitors";
  struct Reply {
    std::vector<MonitorReport> monitors;  ///< of those that are read at edges, in the order of the table
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("monitors", self.monitors);
    }
  };
  template <class Self, class Visit>
  static void fields(Self& /*self*/, Visit&& /*visit*/) {}
};

/// Traces the prefill and `new_tokens` tokens after it. WriteTraceRequest comes next.
struct ProfileRequest {
  static constexpr std::string_view name = "profile";
  struct Reply {
    ProfileResult profile;  ///< without the file
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("profile", self.profile);
      visit("start_ns", self.start_ns);
      visit("end_ns", self.end_ns);
    }
  };
  std::string title;
  std::int64_t new_tokens = 1;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("title", self.title);
    visit("new_tokens", self.new_tokens);
  }
};

/// Writes the trace that was made last.
struct WriteTraceRequest {
  static constexpr std::string_view name = "write_trace";
  struct Reply {
    template <class Self, class Visit>
    static void fields(Self& /*self*/, Visit&& /*visit*/) {}
  };
  std::string file;
  std::vector<MonitorSamples> samples;  ///< that were taken beside it
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("file", self.file);
    visit("samples", self.samples);
  }
};

/// What really ran so far, and the text of token ids.
struct DescribeRequest {
  static constexpr std::string_view name = "describe";
  struct Reply {
    Json effective = Json::object();
    std::string text;
    template <class Self, class Visit>
    static void fields(Self& self, Visit&& visit) {
      visit("effective", self.effective);
      visit("text", self.text);
    }
  };
  std::vector<std::int64_t> token_ids;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("token_ids", self.token_ids);
  }
};

}  // namespace bv2
