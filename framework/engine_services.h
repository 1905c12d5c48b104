// What an engine offers the program's commands besides being measured. The program never includes an engine:
// it reaches these through the benchmarks that a module hands over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/machine_limits.h"
#include "framework/model_benchmark.h"

namespace bv2 {

/// One kernel in one dtype, and what this machine makes of it.
struct KernelChoice {
  std::string operation;  ///< the layer operation that it replaces: "linear"
  std::string dtype;
  std::string kernel;
  std::string isa;      ///< the instruction set that it would use; empty where it cannot run
  std::string when;     ///< the inputs that it takes
  std::string verdict;  ///< "first choice", or why another one comes first
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("operation", self.operation);
    visit("dtype", self.dtype);
    visit("kernel", self.kernel);
    visit("isa", self.isa);
    visit("when", self.when);
    visit("verdict", self.verdict);
  }
};

/// What a tokenizer makes of a text.
struct TokenizedText {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> ids_without_special;  ///< without what the tokenizer puts around any text
  std::string decoded;                            ///< of `ids`, special tokens left out
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("ids", self.ids);
    visit("ids_without_special", self.ids_without_special);
    visit("decoded", self.decoded);
  }
};

/// A checkpoint's tokenizer. One thread at a time.
class TextTokenizer {
 public:
  virtual ~TextTokenizer() = default;
  /// Throws Error when the text has what the tokenizer has no token for.
  [[nodiscard]] virtual TokenizedText tokenize(std::string_view text) const = 0;
};

/// Code that was built in an earlier run and is kept on disk.
struct CachedCode {
  std::string title;  ///< what it runs
  std::string key;
  std::uint64_t size_bytes = 0;
  std::string used;  ///< when it was last used: "2026-01-15T14:30:22.123Z"
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("title", self.title);
    visit("key", self.key);
    visit("size_bytes", self.size_bytes);
    visit("used", self.used);
  }
};

/// Stateless; may be used from one thread at a time. Each service says what an engine without it gives.
class EngineServices {
 public:
  virtual ~EngineServices() = default;
  /// For messages: "built-in".
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Every kernel in every dtype, best first for each operation; none where the engine has no registry.
  [[nodiscard]] virtual std::vector<KernelChoice> kernels() const { return {}; }
  /// The tokenizer of a checkpoint folder; none where the engine reads no tokenizers. Throws Error when the
  /// folder has none that can be read.
  [[nodiscard]] virtual std::unique_ptr<TextTokenizer> tokenizer(
      const std::filesystem::path& /*checkpoint*/) const {
    return nullptr;
  }
  /// The code that compiled mode keeps on disk, used last first; none where the engine keeps none.
  [[nodiscard]] virtual std::vector<CachedCode> cached_code() const { return {}; }
  /// Removes it, but for what another process is using right now; what was removed.
  [[nodiscard]] virtual std::vector<CachedCode> clear_cached_code() const { return {}; }
  /// Whether the next two measure anything. They leave `measured_at` to the caller.
  [[nodiscard]] virtual bool has_probes() const { return false; }
  /// How fast `threads` threads read a working set of that size, at best.
  [[nodiscard]] virtual std::optional<ReadBandwidth> read_bandwidth(std::int64_t /*working_set_bytes*/,
                                                                    std::int64_t /*threads*/) const {
    return std::nullopt;
  }
  /// How fast `threads` threads multiply matrices of that dtype, at best; nothing where the machine has no
  /// product of its own for it.
  [[nodiscard]] virtual std::optional<ProductRate> product_rate(std::string_view /*dtype*/,
                                                                std::int64_t /*threads*/) const {
    return std::nullopt;
  }
};

/// The services of the benchmarks' engines, each engine once, in the benchmarks' order.
std::vector<const EngineServices*> engine_services(
    std::span<const std::unique_ptr<ModelBenchmark>> benchmarks);

}  // namespace bv2
