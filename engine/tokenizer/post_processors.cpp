// Post-processors, reduced to what they do to a single text: ids before it and ids after it.
#include <fmt/format.h>

#include "engine/tokenizer/post_processor.h"

namespace bv2::engine::tokenizer {

namespace {

using FramePointer = std::unique_ptr<SpecialFrame>;

/// ["[SEP]", 102]
std::int64_t id_of_pair(const ConfigNode& node) {
  const auto pair = node.elements();
  if (pair.size() != 2) node.fail("a token and its id were expected");
  return pair[1].token_id();
}

FramePointer byte_level(const ConfigNode&) { return std::make_unique<SpecialFrame>(); }

FramePointer cls_and_sep(const ConfigNode& node) {
  auto frame = std::make_unique<SpecialFrame>();
  frame->prefix.push_back(id_of_pair(node.at("cls")));
  frame->suffix.push_back(id_of_pair(node.at("sep")));
  return frame;
}

void append_special(const ConfigNode& piece, const ConfigNode& special_tokens,
                    std::vector<std::int64_t>& ids) {
  const std::string name = piece.at("id").text();
  const auto token = special_tokens.find(name);
  if (!token)
    piece.fail(fmt::format("the special token {} is not among the special_tokens", in_quotes(name)));
  for (const ConfigNode& id : token->at("ids").elements()) ids.push_back(id.token_id());
}

FramePointer template_processing(const ConfigNode& node) {
  const ConfigNode special_tokens = node.at("special_tokens");
  const ConfigNode single = node.at("single");
  auto frame = std::make_unique<SpecialFrame>();
  std::size_t texts = 0;
  for (const ConfigNode& element : single.elements()) {
    const auto [kind, piece] = element.only_member();
    if (kind == "SpecialToken") {
      append_special(piece, special_tokens, texts == 0 ? frame->prefix : frame->suffix);
    } else if (kind == "Sequence") {
      if (piece.at("id").text() != "A") piece.fail("the template of a single text may only use sequence A");
      ++texts;
    } else {
      element.fail("the template piece " + in_quotes(kind) +
                   " is not supported (supported: SpecialToken, Sequence)");
    }
  }
  if (texts != 1) single.fail(fmt::format("the template must have the text once, it has it {} times", texts));
  return frame;
}

FramePointer sequence(const ConfigNode& node) {
  auto frame = std::make_unique<SpecialFrame>();
  for (const ConfigNode& element : node.at("processors").elements()) {
    SpecialFrame outer = read_special_frame(element);
    outer.prefix.insert(outer.prefix.end(), frame->prefix.begin(), frame->prefix.end());
    frame->suffix.insert(frame->suffix.end(), outer.suffix.begin(), outer.suffix.end());
    frame->prefix = std::move(outer.prefix);
  }
  return frame;
}

constexpr ComponentFactory<SpecialFrame> post_processor_table[] = {
    {"BertProcessing", cls_and_sep},
    {"ByteLevel", byte_level},
    {"RobertaProcessing", cls_and_sep},
    {"Sequence", sequence},
    {"TemplateProcessing", template_processing},
};

}  // namespace

SpecialFrame read_special_frame(const ConfigNode& node) {
  return std::move(*make_component<SpecialFrame>(node, "post-processor", post_processor_table));
}

}  // namespace bv2::engine::tokenizer
