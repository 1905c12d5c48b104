// What the built-in engine offers the program's commands.
#include "benches/common/built_in_services.h"

#include "engine/kernels/registry.h"
#include "engine/tokenizer/tokenizer.h"

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
};

}  // namespace

const EngineServices& built_in_services() {
  static const BuiltInServices services;
  return services;
}

}  // namespace bv2
