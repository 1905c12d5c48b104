// `tokenize`: the token ids of texts, a JSON object a line.
#include <memory>
#include <string>

#include "app/commands.h"
#include "app/line_reader.h"
#include "base/error.h"
#include "base/json.h"
#include "framework/engine_services.h"

namespace bv2::app {
namespace {

std::unique_ptr<TextTokenizer> tokenizer_of(const CommandContext& context) {
  for (const EngineServices* engine : engine_services(context.benchmarks)) {
    if (auto tokenizer = engine->tokenizer(context.line.run.model_id)) return tokenizer;
  }
  fail("no engine here reads tokenizers; see run_benchmarks list");
}

/// The text of a line. Throws Error that says what is wrong with it, but not where it stands.
std::string text_of(const std::string& line) {
  const Json document = Json::parse(line, nullptr, false);
  if (document.is_discarded()) fail("it is not JSON in valid UTF-8");
  if (!document.is_object() || !document.contains("text")) fail("an object with a field 'text' is expected");
  const Json& text = document["text"];
  if (!text.is_string()) fail("the field 'text' is a text, found {}", text.type_name());
  return text.get<std::string>();
}

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t") == std::string::npos; }

}  // namespace

int tokenize_command(const CommandContext& context) {
  const auto tokenizer = tokenizer_of(context);
  LineReader lines(context.line.input, context.interrupt);
  while (const auto line = lines.next()) {
    if (is_blank(*line)) continue;
    try {
      const TokenizedText result = tokenizer->tokenize(text_of(*line));
      context.output.write(to_json(result).dump() + "\n");
    } catch (const Error& error) {
      fail("{}: {}", lines.place(), error.what());
    }
  }
  return 0;
}

}  // namespace bv2::app
