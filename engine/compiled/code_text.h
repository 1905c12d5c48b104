// Text of C++ as it is put together: lines with their indentation.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/dtype.h"

namespace bv2::engine::compiled {

/// Lines of code; braces that are opened indent what follows.
class CodeText {
 public:
  explicit CodeText(int depth = 0) : depth_(depth) {}

  void line(std::string_view text) {
    if (!text.empty()) text_.append(static_cast<std::size_t>(2 * depth_), ' ');
    text_ += text;
    text_ += '\n';
  }
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    line(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
  }
  template <class... Args>
  void open(fmt::format_string<Args...> format, Args&&... args) {
    line(std::string_view(fmt::format(format, std::forward<Args>(args)...) + " {"));
    ++depth_;
  }
  void close(std::string_view after = "") {
    --depth_;
    line(std::string_view("}" + std::string(after)));
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] int depth() const { return depth_; }
  void append(const CodeText& other) { text_ += other.text_; }

 private:
  std::string text_;
  int depth_ = 0;
};

/// The type of an element in generated code: "bf16". Throws Error for a dtype that it has none for.
std::string_view element_type(Dtype dtype);

/// The parts of the prelude (engine/compiled/prelude/), as they stand at the top of generated code.
std::string prelude_text();

}  // namespace bv2::engine::compiled
