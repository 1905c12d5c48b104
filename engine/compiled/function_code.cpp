// What the functions of a generated file have in common.
#include "engine/compiled/function_code.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

struct ElementType {
  Dtype dtype;
  std::string_view name;
};
constexpr std::array element_types{ElementType{Dtype::float32, "float"}, ElementType{Dtype::bfloat16, "bf16"},
                                   ElementType{Dtype::float16, "f16"}, ElementType{Dtype::int64, "long"}};

}  // namespace

std::string_view element_type(Dtype dtype) {
  for (const ElementType& type : element_types)
    if (type.dtype == dtype) return type.name;
  fail("compiled mode generates no code for {}", name(dtype));
}

std::string BufferArguments::name(BufferId buffer) {
  auto found = std::ranges::find(buffers_, buffer);
  if (found == buffers_.end()) found = buffers_.insert(buffers_.end(), buffer);
  return fmt::format("b{}", found - buffers_.begin());
}

void BufferArguments::declare(CodeText& code) const {
  for (std::size_t i = 0; i < buffers_.size(); ++i) {
    const Buffer& buffer = this->buffer(buffers_[i]);
    const std::string_view type = element_type(buffer.dtype);
    const bool is_read_only = buffer.kind == BufferKind::constant || buffer.kind == BufferKind::input;
    const std::string pointer = fmt::format("{}{}*", is_read_only ? "const " : "", type);
    const bool is_packed = buffer.tensor.defined() && !buffer.tensor.is_plain();
    code.line("{} const b{} = ({})call.buffers[at[{}]];  // {}{}", pointer, i, pointer, i,
              shape_text(buffer.shape), is_packed ? ", in panels" : "");
  }
}

std::string shape_text(const std::vector<Expression>& shape) {
  std::string text;
  for (const Expression& size : shape) text += (text.empty() ? "" : ", ") + to_string(size);
  return "[" + text + "]";
}

std::string factor_text(const Expression& expression) {
  const std::string text = to_string(expression);
  const bool is_word =
      std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  return is_word ? text : "(" + text + ")";
}

std::string index_text(const Expression& offset, std::span<const Expression> strides,
                       std::span<const std::string> index) {
  std::string text = offset == Expression(0) ? "" : to_string(offset);
  for (std::size_t dim = 0; dim < strides.size(); ++dim) {
    if (strides[dim] == Expression(0) || index[dim] == "0") continue;
    if (!text.empty()) text += " + ";
    text += index[dim];
    if (!strides[dim].is_number(1)) text += "*" + factor_text(strides[dim]);
  }
  return text.empty() ? "0" : text;
}

void declare_sizes(CodeText& code) {
  code.line(
      "const long batch = call.batch, tokens = call.tokens, past = call.past, capacity = call.capacity;");
}

std::vector<std::string> declare_row_index(CodeText& code, std::span<const Expression> rows) {
  std::vector<std::string> names(rows.size(), "0");
  std::vector<std::size_t> open;
  for (std::size_t dim = 0; dim < rows.size(); ++dim)
    if (!rows[dim].is_number(1)) open.push_back(dim);
  if (open.size() == 1) names[open[0]] = "row";
  if (open.size() < 2) return names;
  code.line("long rest = row;");
  for (std::size_t i = open.size(); i-- > 0;) {
    const std::size_t dim = open[i];
    names[dim] = fmt::format("i{}", dim);
    if (i == 0) {
      code.line("const long i{} = rest;", dim);
    } else {
      code.line("const long i{} = rest % {};", dim, factor_text(rows[dim]));
      code.line("rest /= {};", factor_text(rows[dim]));
    }
  }
  return names;
}

}  // namespace bv2::engine::compiled
