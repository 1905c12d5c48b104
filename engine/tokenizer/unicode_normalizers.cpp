// NFC, NFD, NFKC, NFKD by utf8proc.
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "engine/tokenizer/normalizer.h"

namespace bv2::engine::tokenizer {

namespace {

int combining_class(utf8proc_int32_t value) { return utf8proc_get_property(value)->combining_class; }

/// Puts each run of marks into canonical order. utf8proc_decompose would do it by insertion, which takes
/// minutes for a megabyte of marks.
void order_marks(std::vector<utf8proc_int32_t>& points) {
  for (auto begin = points.begin(); begin != points.end();) {
    if (combining_class(*begin) == 0) {
      ++begin;
      continue;
    }
    const auto end =
        std::find_if(begin, points.end(), [](auto value) { return combining_class(value) == 0; });
    std::stable_sort(begin, end, [](auto a, auto b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
}

/// Normalizes a stretch of text and appends it.
void append_stretch(std::string& out, std::string_view text, int options,
                    std::vector<utf8proc_int32_t>& points) {
  constexpr std::size_t longest_decomposition = 18;  // U+FDFA; enforced by the check of the result below
  std::array<utf8proc_int32_t, 2 * longest_decomposition> expanded{};
  points.clear();
  for (std::size_t position = 0; position < text.size();) {
    const CodePoint point = code_point_at(text, position);
    position += point.length;
    int boundary = 0;
    const auto count = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(point.value), expanded.data(), expanded.size(),
        static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (options & UTF8PROC_COMPAT)), &boundary);
    if (count < 0 || static_cast<std::size_t>(count) > expanded.size()) {
      fail("U+{:04X} could not be decomposed", static_cast<std::uint32_t>(point.value));
    }
    points.insert(points.end(), expanded.begin(), expanded.begin() + count);
  }
  order_marks(points);
  auto count = static_cast<utf8proc_ssize_t>(points.size());
  if ((options & UTF8PROC_COMPOSE) != 0) {
    count = utf8proc_normalize_utf32(points.data(), count,
                                     static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    append_utf8(out, static_cast<char32_t>(points[static_cast<std::size_t>(i)]));
  }
}

bool is_ascii(char byte) { return static_cast<unsigned char>(byte) < 0x80; }

/// ASCII neither decomposes nor combines with what is before it: only the runs of other characters need work,
/// each with the ASCII character before it, which a mark may combine with.
void append_normalized(std::string& out, std::string_view text, int options) {
  std::vector<utf8proc_int32_t> points;
  auto begin = text.begin();
  while (begin != text.end()) {
    auto end = std::find_if_not(begin, text.end(), is_ascii);
    if (end != text.end() && end != begin) --end;
    out.append(begin, end);
    if (end == text.end()) return;
    begin = end;
    if (is_ascii(*end)) ++end;
    end = std::find_if(end, text.end(), is_ascii);
    append_stretch(out, {begin, end}, options, points);
    begin = end;
  }
}

class UnicodeNormalizer : public Normalizer {
 public:
  explicit UnicodeNormalizer(int options) : options_(options) {}

  void normalize(NormalizedText& text) const override {
    if (std::all_of(text.text.begin(), text.text.end(), is_ascii)) return;
    std::string out;
    append_normalized(out, std::string_view(text.text).substr(0, text.origin_bytes), options_);
    const std::size_t origin = out.size();
    out.clear();
    out.reserve(text.text.size());
    append_normalized(out, text.text, options_);
    text = {std::move(out), origin};
  }

 private:
  int options_;
};

}  // namespace

void append_nfd(std::string& out, std::string_view text) { append_normalized(out, text, UTF8PROC_DECOMPOSE); }

std::unique_ptr<Normalizer> make_nfc(const ConfigNode&) {
  return std::make_unique<UnicodeNormalizer>(UTF8PROC_COMPOSE);
}
std::unique_ptr<Normalizer> make_nfd(const ConfigNode&) {
  return std::make_unique<UnicodeNormalizer>(UTF8PROC_DECOMPOSE);
}
std::unique_ptr<Normalizer> make_nfkc(const ConfigNode&) {
  return std::make_unique<UnicodeNormalizer>(UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}
std::unique_ptr<Normalizer> make_nfkd(const ConfigNode&) {
  return std::make_unique<UnicodeNormalizer>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
}

}  // namespace bv2::engine::tokenizer
