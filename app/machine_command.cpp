// `machine`: what this machine can do at most.
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <span>
#include <string>

#include "app/commands.h"
#include "app/limits.h"
#include "app/table.h"
#include "base/error.h"
#include "base/json.h"
#include "framework/timestamp.h"

namespace bv2::app {
namespace {

std::string size_text(std::int64_t bytes) {
  return bytes >= 1 << 20 ? fmt::format("{} MiB", bytes >> 20) : fmt::format("{} KiB", bytes >> 10);
}

/// "now", "12 min", "3.5 h".
std::string age_text(const std::string& measured_at, std::chrono::system_clock::time_point now) {
  const auto age = now - time_of_utc_timestamp(measured_at).value_or(now);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(age).count();
  if (minutes < 1) return "now";
  if (minutes < 60) return fmt::format("{} min", minutes);
  return fmt::format("{:.1f} h", static_cast<double>(minutes) / 60);
}

std::string rate_text(double value, std::string_view unit) {
  return fmt::format("{:.{}f} {}", value * 1e-9, value < 100e9 ? 1 : 0, unit);
}

Table limits_table(const MachineLimits& limits) {
  const auto now = std::chrono::system_clock::now();
  Table table;
  table.columns = {
      {"limit"}, {"threads", Align::right}, {"at best", Align::right}, {"how"}, {"measured", Align::right}};
  const auto add = [&](std::string what, std::int64_t threads, std::string best, std::string how,
                       const std::string& measured_at) {
    table.rows.push_back({.cells = {std::move(what), fmt::format("{}", threads), std::move(best),
                                    std::move(how), age_text(measured_at, now)},
                          .remark = {}});
  };
  for (const ReadBandwidth& entry : limits.read_bandwidth) {
    add("read " + size_text(entry.working_set_bytes), entry.threads,
        rate_text(entry.bytes_per_second, "GB/s"), entry.pattern, entry.measured_at);
  }
  for (const ProductRate& entry : limits.product_rate) {
    add("multiply " + entry.dtype, entry.threads, rate_text(entry.operations_per_second, "GFLOP/s"),
        entry.shape + ", " + entry.implementation, entry.measured_at);
  }
  return table;
}

/// For programs: plain numbers in base units.
Table limits_csv(const MachineLimits& limits) {
  Table table;
  table.columns = {{"limit"},      {"threads"}, {"working_set_bytes"}, {"dtype"},
                   {"per_second"}, {"how"},     {"measured_at"}};
  for (const ReadBandwidth& entry : limits.read_bandwidth) {
    table.rows.push_back(
        {.cells = {"read_bandwidth_bytes", fmt::format("{}", entry.threads),
                   fmt::format("{}", entry.working_set_bytes), "", fmt::format("{}", entry.bytes_per_second),
                   entry.pattern, entry.measured_at},
         .remark = {}});
  }
  for (const ProductRate& entry : limits.product_rate) {
    table.rows.push_back({.cells = {"product_operations", fmt::format("{}", entry.threads), "", entry.dtype,
                                    fmt::format("{}", entry.operations_per_second),
                                    entry.shape + ", " + entry.implementation, entry.measured_at},
                          .remark = {}});
  }
  return table;
}

void print(Output& output, OutputFormat format, const MachineLimits& limits) {
  switch (format) {
    case OutputFormat::table:
      output.write(render(limits_table(limits), TableFormat::plain));
      return output.write(
          "Best of several ways each; kept for a day (--measure-anew measures them again).\n");
    case OutputFormat::md:
      return output.write(render(limits_table(limits), TableFormat::markdown));
    case OutputFormat::csv:
      return output.write(render(limits_csv(limits), TableFormat::csv));
    case OutputFormat::json:
      return output.write(to_json(limits).dump(2) + "\n");
    case OutputFormat::jsonl:
      return output.write(to_json(limits).dump() + "\n");
  }
}

}  // namespace

int machine_command(const CommandContext& context) {
  const MachineLimits limits = limits_with(context, engine_services(context.benchmarks),
                                           {1, context.line.run.threads}, context.line.measure_anew);
  if (limits.empty()) fail("no engine here can measure the machine; see run_benchmarks list");
  print(context.output, context.line.format, limits);
  return 0;
}

}  // namespace bv2::app
