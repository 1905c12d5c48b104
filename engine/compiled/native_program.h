// A graph as generated code that is loaded and can run.
#pragma once

#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/compiled/code_builder.h"
#include "engine/compiled/emitter.h"
#include "engine/compiled/prelude/abi.h"
#include "engine/compiled/program.h"
#include "engine/eager/eager_executor.h"
#include "engine/kernels/onednn_panels.h"
#include "engine/kernels/row_input.h"
#include "engine/tensor/storage.h"

namespace bv2::engine::compiled {

class NativeProgram final : public Program {
 public:
  /// Throws Error when the code is of another version of the interface.
  NativeProgram(EmittedCode code, LoadedCode loaded);
  ~NativeProgram() override;

  void run(const Sizes& sizes, std::span<std::byte* const> buffers, CallRunner& calls) override;
  [[nodiscard]] ProgramReport report() const override;
  void set_profiling(bool profiling) override { profiling_ = profiling; }
  std::vector<OperationSpan> take_spans() override;
  [[nodiscard]] const std::string& source() const { return code_.source; }

 private:
  /// A step begins.
  struct Mark {
    int step;
    std::int64_t at_ns;
  };
  struct ProfiledRun {
    Sizes sizes;
    std::vector<Mark> marks;
  };
  struct AddedPlace {
    BufferId buffer;
    std::size_t offset;
  };

  void prepare(const Sizes& sizes);
  void run_node(const HostNode& host);
  void run_product(const Node& node);
  void run_product_with_epilogue(const Node& group);
  [[nodiscard]] PanelProduct panel_product(const Node& node, std::size_t output) const;
  [[nodiscard]] bool runs_own_loops(const PanelProduct& product) const;
  void multiply(const PanelProduct& product);
  void multiply_gated(PanelProduct gate, const PanelProduct& value);
  template <class Target>
  void run_own_loops(const PanelProduct& input, const Target& target);
  void run_matmul(const Node& node);
  [[nodiscard]] Tensor tensor(const View& view) const;
  [[nodiscard]] std::byte* address(const View& view) const;
  static void in_parallel(void* engine, void (*body)(const Launch*, int), const Launch* call);
  static void run_node_of(void* engine, int node);
  static void run_part_of(void* engine, int node, Team* team);
  void note_failure();
  static void mark_of(void* engine, int step);
  [[nodiscard]] OperationSpan span_of(const StepFacts& facts, const Sizes& sizes) const;

  EmittedCode code_;
  LoadedCode loaded_;
  void (*entry_)(const Launch*) = nullptr;
  OneDnnPanels onednn_;
  EagerExecutor matmuls_;
  std::vector<std::byte*> addresses_;  ///< of code_.graph.buffers
  std::vector<AddedPlace> added_;
  std::unique_ptr<Storage> memory_;  ///< of added buffers and scratch
  RowScratch row_scratch_;
  Sizes sizes_{0, 0, 0, 0};         ///< of this run
  Sizes prepared_for_{0, 0, 0, 0};  ///< with the longest past
  int threads_ = 0;
  std::int64_t scratch_stride_ = 0;
  float* scratch_ = nullptr;
  CallRunner* calls_ = nullptr;
  bool profiling_ = false;
  std::vector<ProfiledRun> profiled_runs_;
  std::mutex failing_;
  std::exception_ptr failure_;
  alignas(64) long arrivals_ = 0;
  alignas(64) long bad_id_ = 0;
};

}  // namespace bv2::engine::compiled
