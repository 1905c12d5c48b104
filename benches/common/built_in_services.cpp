// What the built-in engine offers the program's commands.
#include "benches/common/built_in_services.h"

#include <chrono>

#include "base/cache_folder.h"
#include "engine/compiled/disk_cache.h"
#include "engine/kernels/registry.h"
#include "engine/limits/product_rate.h"
#include "engine/limits/read_bandwidth.h"
#include "engine/tokenizer/tokenizer.h"
#include "framework/timestamp.h"

namespace bv2 {
namespace {

class BuiltInTokenizer final : public TextTokenizer {
 public:
  explicit BuiltInTokenizer(engine::Tokenizer tokenizer) : tokenizer_(std::move(tokenizer)) {}
  [[nodiscard]] TokenizedText tokenize(std::string_view text) const override {
    TokenizedText result{
        .ids = tokenizer_.encode(text), .ids_without_special = tokenizer_.encode(text, false), .decoded = {}};
    result.decoded = tokenizer_.decode(result.ids);
    return result;
  }

 private:
  engine::Tokenizer tokenizer_;
};

std::vector<CachedCode> described(std::vector<engine::compiled::CacheEntry> entries) {
  std::vector<CachedCode> code;
  code.reserve(entries.size());
  for (engine::compiled::CacheEntry& entry : entries) {
    code.push_back({.title = std::move(entry.title),
                    .key = std::move(entry.key),
                    .size_bytes = entry.size_bytes,
                    .used = utc_timestamp(std::chrono::system_clock::time_point(
                        std::chrono::nanoseconds(entry.used_unix_ns)))});
  }
  return code;
}

engine::compiled::DiskCache cache() { return engine::compiled::DiskCache(default_cache_folder()); }

class BuiltInServices final : public EngineServices {
 public:
  [[nodiscard]] std::string_view name() const override { return "built-in"; }

  [[nodiscard]] std::vector<KernelChoice> kernels() const override {
    std::vector<KernelChoice> choices;
    for (engine::KernelVerdict& verdict : engine::list_kernels()) {
      choices.push_back({.operation = std::move(verdict.operation),
                         .dtype = std::string(bv2::name(verdict.dtype)),
                         .kernel = std::move(verdict.kernel),
                         .isa = std::move(verdict.isa),
                         .when = std::move(verdict.when),
                         .verdict = std::move(verdict.verdict)});
    }
    return choices;
  }

  [[nodiscard]] std::unique_ptr<TextTokenizer> tokenizer(
      const std::filesystem::path& checkpoint) const override {
    return std::make_unique<BuiltInTokenizer>(engine::Tokenizer::from_file(checkpoint / "tokenizer.json"));
  }

  [[nodiscard]] std::vector<CachedCode> cached_code() const override { return described(cache().list()); }
  [[nodiscard]] std::vector<CachedCode> clear_cached_code() const override {
    return described(cache().clear());
  }

  [[nodiscard]] bool has_probes() const override { return true; }

  [[nodiscard]] std::optional<ReadBandwidth> read_bandwidth(std::int64_t working_set_bytes,
                                                            std::int64_t threads) const override {
    auto measured = engine::measure_read_bandwidth(working_set_bytes, threads, seconds_a_probe);
    return ReadBandwidth{.threads = threads,
                         .working_set_bytes = working_set_bytes,
                         .bytes_per_second = measured.bytes_per_second,
                         .pattern = std::move(measured.pattern),
                         .measured_at = {}};
  }

  [[nodiscard]] std::optional<ProductRate> product_rate(std::string_view dtype,
                                                        std::int64_t threads) const override {
    const std::optional<Dtype> known = dtype_from_name(dtype);
    if (!known) return std::nullopt;
    auto measured = engine::measure_product_rate(*known, threads, seconds_a_probe);
    if (!measured) return std::nullopt;
    return ProductRate{.threads = threads,
                       .dtype = std::string(dtype),
                       .operations_per_second = measured->operations_per_second,
                       .shape = std::move(measured->shape),
                       .implementation = std::move(measured->implementation),
                       .measured_at = {}};
  }

 private:
  // Long enough for the best of a few passes over the largest working set in each pattern.
  static constexpr double seconds_a_probe = 0.2;
};

}  // namespace

const EngineServices& built_in_services() {
  static const BuiltInServices services;
  return services;
}

}  // namespace bv2
