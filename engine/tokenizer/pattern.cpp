// Literal search, and PCRE2 with its just-in-time compiler.
#include "engine/tokenizer/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"
#include "engine/tokenizer/regex_translation.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

constexpr std::size_t max_pattern_bytes = 16384;
/// Steps of one match before it counts as hopeless; matches of published patterns stay below it by far
/// because their repeats are of single characters, which take no step each.
constexpr std::uint32_t match_limit = 10'000'000;
constexpr std::size_t jit_stack_start_bytes = 64 << 10;
constexpr std::size_t jit_stack_max_bytes = 64 << 20;

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using Code = std::unique_ptr<pcre2_code, Deleter<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Deleter<pcre2_compile_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Deleter<pcre2_jit_stack_free>>;

std::string message_of(int error) {
  unsigned char text[256] = {};
  pcre2_get_error_message(error, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

PCRE2_SPTR as_units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

class Pattern::Regex {
 public:
  explicit Regex(std::string_view pattern) : pattern_(pattern) {
    if (pattern.size() > max_pattern_bytes)
      fail("the pattern {} is longer than {} bytes", in_quotes(pattern), max_pattern_bytes);
    const std::string translated = pcre2_from_oniguruma(pattern);
    const CompileContext context(pcre2_compile_context_create(nullptr));
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_.reset(pcre2_compile(as_units(translated), translated.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                              &offset, context.get()));
    if (!code_) fail("the pattern {} is not supported: {}", in_quotes(pattern), message_of(error));
    pcre2_jit_compile(code_.get(), PCRE2_JIT_COMPLETE);  // where it cannot, pcre2_match interprets
  }

  void find_all(std::string_view text, std::vector<Match>& matches) const {
    Search search(*this, text);
    std::size_t from = 0;
    while (from <= text.size()) {
      Match match{};
      if (!search.find(from, match)) return;
      const bool empty_after_match =
          match.begin == match.end && !matches.empty() && matches.back().end == match.end;
      if (!empty_after_match) {
        matches.push_back(match);
        from = match.end;
      } else {
        from += from < text.size() ? code_point_at(text, from).length : 1;
      }
    }
  }

 private:
  /// The state of one search: PCRE2's match data is written to, so it belongs to a call.
  class Search {
   public:
    Search(const Regex& regex, std::string_view text)
        : regex_(regex),
          text_(text),
          data_(pcre2_match_data_create(1, nullptr)),
          context_(pcre2_match_context_create(nullptr)) {
      if (!data_ || !context_) throw std::bad_alloc();
      pcre2_set_match_limit(context_.get(), match_limit);
    }

    bool find(std::size_t from, Match& match) {
      int result = run(from);
      if (result == PCRE2_ERROR_JIT_STACKLIMIT && !stack_) {
        stack_.reset(pcre2_jit_stack_create(jit_stack_start_bytes, jit_stack_max_bytes, nullptr));
        pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
        result = run(from);
      }
      if (result == PCRE2_ERROR_NOMATCH) return false;
      if (result < 0)
        fail("the pattern {} failed on a text of {} bytes: {}", in_quotes(regex_.pattern_), text_.size(),
             message_of(result));
      const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data_.get());
      match = {offsets[0], offsets[1]};
      // \K in a lookahead could report an end before the start.
      if (match.begin < from || match.end < match.begin)
        fail("the pattern {} moves backwards", in_quotes(regex_.pattern_));
      return true;
    }

   private:
    int run(std::size_t from) {
      // The text is known to be valid; checking it again in each call would make the search quadratic.
      return pcre2_match(regex_.code_.get(), as_units(text_), text_.size(), from, PCRE2_NO_UTF_CHECK,
                         data_.get(), context_.get());
    }

    const Regex& regex_;
    std::string_view text_;
    MatchData data_;
    MatchContext context_;
    JitStack stack_;
  };

  std::string pattern_;
  Code code_;
};

Pattern::Pattern(const ConfigNode& node) {
  const auto [kind, value] = node.only_member();
  if (kind == "String") {
    literal_ = value.text();
    if (literal_.empty()) value.fail("an empty pattern is not supported");
  } else if (kind == "Regex") {
    try {
      regex_ = std::make_shared<const Regex>(value.text());
    } catch (const Error& error) {
      value.fail(error.what());
    }
  } else {
    node.fail("a pattern is a String or a Regex, found " + in_quotes(kind));
  }
}

Pattern::Pattern(std::string_view regex) : regex_(std::make_shared<const Regex>(regex)) {}

void Pattern::find_all(std::string_view text, std::vector<Match>& matches) const {
  matches.clear();
  if (regex_) return regex_->find_all(text, matches);
  for (std::size_t at = text.find(literal_); at != std::string_view::npos;
       at = text.find(literal_, at + literal_.size())) {
    matches.push_back({at, at + literal_.size()});
  }
}

}  // namespace bv2::engine::tokenizer
