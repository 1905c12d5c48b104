// Named character sets: tables of Oniguruma's names, with what PCRE2 10.42 understands.
#include "engine/tokenizer/regex_sets.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "engine/tokenizer/config_node.h"

namespace bv2::engine::tokenizer {

namespace {

struct NamedItems {
  std::string_view name;
  std::string_view items;
};

// PCRE2's own \s also has U+180E, and its \w lacks marks: the sets are spelled out.
constexpr std::string_view space_items =
    R"(\t-\r\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view word_items = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
constexpr std::string_view hex_items = "0-9A-Fa-f";

constexpr NamedItems posix_table[] = {
    {"alnum", R"(\p{Alphabetic}\p{Nd})"},
    {"alpha", R"(\p{Alphabetic})"},
    {"ascii", R"(\x{0}-\x{7f})"},
    {"blank", R"(\p{Zs}\t)"},
    {"cntrl", R"(\p{Cc})"},
    {"digit", R"(\p{Nd})"},
    {"lower", R"(\p{Lowercase})"},
    {"punct", R"(\p{P}$+<=>\x{5e}`|~)"},
    {"space", space_items},
    {"upper", R"(\p{Uppercase})"},
    {"word", word_items},
    {"xdigit", hex_items},
};

constexpr NamedItems category_table[] = {
    {"any", R"(\p{Any})"},
    {"assigned", R"(\P{Cn})"},
    {"c", R"(\p{C})"},
    {"other", R"(\p{C})"},
    {"cc", R"(\p{Cc})"},
    {"control", R"(\p{Cc})"},
    {"cf", R"(\p{Cf})"},
    {"format", R"(\p{Cf})"},
    {"cn", R"(\p{Cn})"},
    {"unassigned", R"(\p{Cn})"},
    {"co", R"(\p{Co})"},
    {"privateuse", R"(\p{Co})"},
    {"cs", R"(\p{Cs})"},
    {"surrogate", R"(\p{Cs})"},
    {"l", R"(\p{L})"},
    {"letter", R"(\p{L})"},
    {"lc", R"(\p{Lu}\p{Ll}\p{Lt})"},
    {"casedletter", R"(\p{Lu}\p{Ll}\p{Lt})"},
    {"ll", R"(\p{Ll})"},
    {"lowercaseletter", R"(\p{Ll})"},
    {"lm", R"(\p{Lm})"},
    {"modifierletter", R"(\p{Lm})"},
    {"lo", R"(\p{Lo})"},
    {"otherletter", R"(\p{Lo})"},
    {"lt", R"(\p{Lt})"},
    {"titlecaseletter", R"(\p{Lt})"},
    {"lu", R"(\p{Lu})"},
    {"uppercaseletter", R"(\p{Lu})"},
    {"m", R"(\p{M})"},
    {"mark", R"(\p{M})"},
    {"combiningmark", R"(\p{M})"},
    {"mc", R"(\p{Mc})"},
    {"spacingmark", R"(\p{Mc})"},
    {"me", R"(\p{Me})"},
    {"enclosingmark", R"(\p{Me})"},
    {"mn", R"(\p{Mn})"},
    {"nonspacingmark", R"(\p{Mn})"},
    {"n", R"(\p{N})"},
    {"number", R"(\p{N})"},
    {"nd", R"(\p{Nd})"},
    {"decimalnumber", R"(\p{Nd})"},
    {"nl", R"(\p{Nl})"},
    {"letternumber", R"(\p{Nl})"},
    {"no", R"(\p{No})"},
    {"othernumber", R"(\p{No})"},
    {"p", R"(\p{P})"},
    {"punctuation", R"(\p{P})"},
    {"pc", R"(\p{Pc})"},
    {"connectorpunctuation", R"(\p{Pc})"},
    {"pd", R"(\p{Pd})"},
    {"dashpunctuation", R"(\p{Pd})"},
    {"pe", R"(\p{Pe})"},
    {"closepunctuation", R"(\p{Pe})"},
    {"pf", R"(\p{Pf})"},
    {"finalpunctuation", R"(\p{Pf})"},
    {"pi", R"(\p{Pi})"},
    {"initialpunctuation", R"(\p{Pi})"},
    {"po", R"(\p{Po})"},
    {"otherpunctuation", R"(\p{Po})"},
    {"ps", R"(\p{Ps})"},
    {"openpunctuation", R"(\p{Ps})"},
    {"s", R"(\p{S})"},
    {"symbol", R"(\p{S})"},
    {"sc", R"(\p{Sc})"},
    {"currencysymbol", R"(\p{Sc})"},
    {"sk", R"(\p{Sk})"},
    {"modifiersymbol", R"(\p{Sk})"},
    {"sm", R"(\p{Sm})"},
    {"mathsymbol", R"(\p{Sm})"},
    {"so", R"(\p{So})"},
    {"othersymbol", R"(\p{So})"},
    {"z", R"(\p{Z})"},
    {"separator", R"(\p{Z})"},
    {"zl", R"(\p{Zl})"},
    {"lineseparator", R"(\p{Zl})"},
    {"zp", R"(\p{Zp})"},
    {"paragraphseparator", R"(\p{Zp})"},
    {"zs", R"(\p{Zs})"},
    {"spaceseparator", R"(\p{Zs})"},
};

template <std::size_t N>
std::optional<std::string> look_up(const NamedItems (&table)[N], std::string_view name) {
  const auto* row =
      std::find_if(std::begin(table), std::end(table), [&](const auto& r) { return r.name == name; });
  if (row == std::end(table)) return std::nullopt;
  return std::string(row->items);
}

bool compiles(const std::string& pattern) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  pcre2_code_free(code);
  return code != nullptr;
}

}  // namespace

std::optional<CharacterSet> shorthand_set(char letter) {
  const bool negated = std::isupper(static_cast<unsigned char>(letter)) != 0;
  switch (std::tolower(static_cast<unsigned char>(letter))) {
    case 's':
      return CharacterSet{std::string(space_items), negated};
    case 'w':
      return CharacterSet{std::string(word_items), negated};
    case 'd':
      return CharacterSet{R"(\p{Nd})", negated};
    case 'h':
      return CharacterSet{std::string(hex_items), negated};
    default:
      return std::nullopt;
  }
}

std::optional<std::string> posix_items(std::string_view name) { return look_up(posix_table, name); }

std::string property_items(std::string_view name) {
  std::string plain;
  for (const char character : name) {
    if (std::isalnum(static_cast<unsigned char>(character)) != 0) {
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(character)));
    } else if (character != '_' && character != '-' && character != ' ') {
      fail("the property {} is not known", in_quotes(name));
    }
  }
  if (auto items = look_up(category_table, plain)) return *items;
  if (auto items = look_up(posix_table, plain)) return *items;
  // In PCRE2 a bare script name means the script extensions; in Oniguruma the script itself.
  for (const char* form : {R"(\p{{sc:{}}})", R"(\p{{{}}})"}) {
    std::string items = fmt::format(fmt::runtime(form), plain);
    if (compiles(items)) return items;
  }
  fail("the property {} is not known", in_quotes(name));
}

}  // namespace bv2::engine::tokenizer
