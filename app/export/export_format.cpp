// What `export` writes.
#include "app/export/export_format.h"

#include <fmt/format.h>

#include <array>

#include "framework/physical_key.h"

namespace bv2::app {
namespace {

constexpr std::array formats{
    ExportFormat{"csv", llama_bench_csv},
    ExportFormat{"md", llama_bench_md},
    ExportFormat{"json", llama_bench_json},
    ExportFormat{"jsonl", llama_bench_jsonl},
    ExportFormat{"google-benchmark", google_benchmark_json},
    ExportFormat{"bencher", bencher_json},
};

}  // namespace

std::span<const ExportFormat> export_formats() { return formats; }

std::string exported_name(const DocumentFile& file, const ScenarioResult& scenario) {
  const PhysicalKey key = physical_key(scenario);
  return fmt::format("{}/{}/{}/batch:{}/prompt:{}/new:{}/threads:{}", file.document.model_name,
                     scenario_name(scenario.metadata.config), key.dtype, key.batch_size, key.prompt_tokens,
                     key.new_tokens, key.threads);
}

}  // namespace bv2::app
