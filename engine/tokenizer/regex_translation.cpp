// A recursive descent over an Oniguruma pattern that writes the PCRE2 pattern of the same meaning.
#include "engine/tokenizer/regex_translation.h"

#include <cctype>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/tokenizer/config_node.h"
#include "engine/tokenizer/regex_sets.h"
#include "engine/tokenizer/unicode.h"

namespace bv2::engine::tokenizer {

namespace {

constexpr int max_nesting = 100;
constexpr std::size_t no_atom = std::string::npos;
constexpr std::string_view any_character = "(?s:.)";

bool is_alphanumeric(char32_t value) {
  return value < 0x80 && std::isalnum(static_cast<unsigned char>(static_cast<char>(value))) != 0;
}

/// A character that stands for itself, inside and outside of classes.
std::string literal(char32_t value) {
  std::string text;
  if (is_alphanumeric(value) || value >= 0x80) {
    append_utf8(text, value);
    return text;
  }
  return fmt::format("\\x{{{:x}}}", static_cast<std::uint32_t>(value));
}

std::string bracketed(const CharacterSet& set) {
  if (set.items.empty()) return set.negated ? std::string(any_character) : "(?!)";
  return (set.negated ? "[^" : "[") + set.items + "]";
}

/// A class as parsed: a set that PCRE2 can write in brackets, or an expression that matches one character.
struct ParsedClass {
  std::optional<CharacterSet> flat;
  std::string expression;  ///< always set
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string translate() {
    alternatives(0);
    if (!at_end()) refuse("has a ')' too many");
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    fail("the pattern {} {}", in_quotes(pattern_), what);
  }

  [[nodiscard]] bool at_end() const { return position_ >= pattern_.size(); }
  [[nodiscard]] bool looking_at(std::string_view text) const {
    return pattern_.substr(position_).starts_with(text);
  }
  bool skip(std::string_view text) {
    if (!looking_at(text)) return false;
    position_ += text.size();
    return true;
  }
  char32_t next() {
    if (at_end()) refuse("ends too early");
    const CodePoint point = code_point_at(pattern_, position_);
    position_ += point.length;
    return point.value;
  }

  /// All alternatives up to the ')' that closes them, or the end.
  void alternatives(int nesting) {
    if (nesting > max_nesting) refuse("is nested too deep");
    std::size_t open_options = 0;  // a (?i) reaches to the end of its group, over the alternatives
    last_atom_ = no_atom;
    while (!at_end() && !looking_at(")")) {
      if (skip("|")) {
        out_ += '|';
        last_atom_ = no_atom;
      } else if (skip("(")) {
        open_options += group(nesting);
      } else {
        term();
      }
    }
    out_.append(open_options, ')');
  }

  void atom(std::string_view text) {
    last_atom_ = out_.size();
    out_ += text;
  }

  void term() {
    const char32_t character = next();
    switch (character) {
      case '[':
        return atom(character_class(0).expression);
      case '\\':
        return escape();
      case '*':
      case '+':
      case '?':
        return quantifier(static_cast<char>(character));
      case '{':
        return interval();
      case '^':
      case '$':
      case '.':
        return atom(std::string(1, static_cast<char>(character)));
      default:
        return atom(literal(character));
    }
  }

  /// What follows '('. Returns 1 when it was an option for the rest of the group around it.
  std::size_t group(int nesting) {
    if (looking_at("*")) refuse("uses (*...), which is not supported");
    if (skip("?#")) {
      while (next() != ')') {
      }
      return 0;
    }
    const std::size_t start = out_.size();
    if (skip("?")) {
      if (!group_opening()) return 1;
    } else {
      out_ += '(';
    }
    alternatives(nesting + 1);
    if (!skip(")")) refuse("lacks a ')'");
    out_ += ')';
    last_atom_ = start;
    return 0;
  }

  /// Writes the opening of a (?...) group; false when it was an option such as (?i) instead.
  bool group_opening() {
    for (const std::string_view kind : {":", "=", "!", ">", "<=", "<!"}) {
      if (skip(kind)) {
        out_ += "(?";
        out_ += kind;
        return true;
      }
    }
    if (skip("<")) {
      out_ += "(?<";
      for (char32_t character = next(); character != '>'; character = next()) {
        if (!is_alphanumeric(character) && character != '_') refuse("has a group name that is not supported");
        out_ += static_cast<char>(character);
      }
      out_ += '>';
      return true;
    }
    std::string options;
    for (char32_t character = next();; character = next()) {
      if (character == 'i' || character == '-') {
        options += static_cast<char>(character);
      } else if (character == 'm') {
        options += 's';  // Ruby's (?m) lets the dot match newlines
      } else if (character == ':' || character == ')') {
        out_ += "(?" + options + ":";
        last_atom_ = no_atom;
        return character == ':';
      } else {
        refuse("has a (?...) group that is not supported");
      }
    }
  }

  void quantifier(char kind) {
    if (last_atom_ == no_atom) refuse("repeats nothing");
    out_ += kind;
    if (skip("?")) {
      out_ += '?';
    } else if (skip("+")) {
      out_ += '+';
    }
  }

  std::optional<std::string> digits() {
    std::string text;
    while (!at_end() && std::isdigit(static_cast<unsigned char>(pattern_[position_])) != 0) {
      text += pattern_[position_++];
    }
    if (text.empty()) return std::nullopt;
    return text;
  }

  /// What follows '{': an interval, or a '{' that stands for itself.
  void interval() {
    const std::size_t start = position_;
    const auto low = digits();
    const bool comma = skip(",");
    const auto high = comma ? digits() : std::nullopt;
    if (!skip("}") || (!low && !high)) {
      position_ = start;
      return atom(literal('{'));
    }
    if (last_atom_ == no_atom) refuse("repeats nothing");
    const std::string repeat = "{" + low.value_or("0") + (comma ? "," + high.value_or("") : "") + "}";
    // Ruby: {n,m}+ repeats the interval, {n}? makes it optional; in PCRE2 they are possessive and lazy.
    const bool wrapped = looking_at("+") || (!comma && looking_at("?"));
    if (!wrapped) {
      out_ += repeat;
      if (skip("?")) out_ += '?';
      return;
    }
    out_.insert(last_atom_, "(?:");
    out_ += repeat + ")" + pattern_[position_++];
  }

  char32_t hex_value(std::size_t max_digits) {
    char32_t value = 0;
    std::size_t count = 0;
    while (count < max_digits && !at_end() &&
           std::isxdigit(static_cast<unsigned char>(pattern_[position_])) != 0) {
      const char digit = static_cast<char>(std::tolower(static_cast<unsigned char>(pattern_[position_++])));
      value = value * 16 + static_cast<char32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
      ++count;
    }
    if (count == 0) refuse("has a \\x or \\u without digits");
    return value;
  }

  /// The character that \x, \u, \t and the like stand for, if `letter` is one of them.
  std::optional<char32_t> escaped_character(char32_t letter) {
    constexpr std::string_view letters = "tnrfaev";
    constexpr std::string_view values = "\t\n\r\f\a\x1b\v";
    if (letter < 0x80) {
      const std::size_t index = letters.find(static_cast<char>(letter));
      if (index != std::string_view::npos) return static_cast<char32_t>(values[index]);
      if (!is_alphanumeric(letter)) return letter;
    } else {
      return letter;
    }
    if (letter != 'x' && letter != 'u') return std::nullopt;
    char32_t value = 0;
    if (letter == 'u') {
      value = hex_value(4);
    } else if (skip("{")) {
      value = hex_value(8);
      if (!skip("}")) refuse("has a \\x{ without its }");
    } else {
      value = hex_value(2);
      if (value >= 0x80) refuse("names a single byte, which is not supported");
    }
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
      refuse("names a character that does not exist");
    return value;
  }

  /// The set of \s, \w, \p{...} and the like, if `letter` starts one.
  std::optional<CharacterSet> escaped_set(char32_t letter) {
    if (letter >= 0x80) return std::nullopt;
    if (letter != 'p' && letter != 'P') return shorthand_set(static_cast<char>(letter));
    if (!skip("{")) refuse("has a \\p without its {");
    CharacterSet set;
    set.negated = (letter == 'P') != skip("^");
    std::string name;
    for (char32_t character = next(); character != '}'; character = next()) append_utf8(name, character);
    set.items = property_items(name);
    return set;
  }

  void escape() {
    const char32_t letter = next();
    if (const auto set = escaped_set(letter)) return atom(bracketed(*set));
    if (const auto character = escaped_character(letter)) return atom(literal(*character));
    const std::string word = bracketed(*shorthand_set('w'));
    switch (letter) {
      case 'b':
        return atom(fmt::format("(?:(?<={0})(?!{0})|(?<!{0})(?={0}))", word));
      case 'B':
        return atom(fmt::format("(?:(?<={0})(?={0})|(?<!{0})(?!{0}))", word));
      case 'N':
        return atom("[^\\n]");
      case 'O':
        return atom(any_character);
      case 'A':
      case 'Z':
      case 'z':
      case 'R':
      case 'X':
      case 'K':
        return atom(std::string("\\") + static_cast<char>(letter));
      default:
        break;
    }
    if (letter < '1' || letter > '9')
      refuse(fmt::format("uses \\{}, which is not supported", static_cast<char>(letter)));
    --position_;
    atom("\\g{" + *digits() + "}");
  }

  /// One character of a class, which may be the start of a range; nothing when it is a set.
  std::optional<char32_t> class_character(CharacterSet& set) {
    const char32_t character = next();
    if (character != '\\') return character;
    const char32_t letter = next();
    if (auto found = escaped_set(letter)) {
      set = std::move(*found);
      return std::nullopt;
    }
    if (letter == 'b') return U'\b';
    if (auto found = escaped_character(letter)) return found;
    refuse(fmt::format("uses \\{} in a class, which is not supported", static_cast<char>(letter)));
  }

  /// Collects the terms of one operand of &&: flat items, and expressions for what is not flat.
  struct Union {
    std::string items;
    std::vector<std::string> expressions;

    void add(const CharacterSet& set) {
      if (!set.negated) {
        items += set.items;
      } else {
        expressions.push_back(bracketed(set));
      }
    }
    [[nodiscard]] std::string expression() const {
      if (expressions.empty()) return bracketed({items, false});
      std::string text = "(?:";
      if (!items.empty()) text += bracketed({items, false}) + "|";
      for (std::size_t i = 0; i < expressions.size(); ++i) text += (i > 0 ? "|" : "") + expressions[i];
      return text + ")";
    }
  };

  void posix_bracket(Union& terms) {
    const bool negated = skip("^");
    const std::size_t end = pattern_.find(":]", position_);
    if (end == std::string_view::npos) refuse("has a [: without its :]");
    const std::string_view name = pattern_.substr(position_, end - position_);
    const auto items = posix_items(name);
    if (!items) refuse(fmt::format("names the class [:{}:], which is not supported", name));
    position_ = end + 2;
    terms.add({*items, negated});
  }

  void class_range(Union& terms) {
    CharacterSet set;
    const auto low = class_character(set);
    if (!low) return terms.add(set);
    if (!looking_at("-") || looking_at("-]") || looking_at("-[") || looking_at("-&&")) {
      terms.items += literal(*low);
      return;
    }
    ++position_;
    const auto high = class_character(set);
    if (!high) refuse("has a range that ends in a set");
    if (*high < *low) refuse("has a range that ends before it starts");
    terms.items += literal(*low) + "-" + literal(*high);
  }

  /// What follows '[' up to its ']'.
  ParsedClass character_class(int nesting) {
    if (nesting > max_nesting) refuse("is nested too deep");
    const bool negated = skip("^");
    std::vector<Union> operands(1);
    if (skip("]")) operands.back().items += literal(']');  // the first ']' stands for itself
    while (!skip("]")) {
      if (skip("&&")) {
        operands.emplace_back();
      } else if (skip("[:")) {
        posix_bracket(operands.back());
      } else if (skip("[")) {
        const ParsedClass nested = character_class(nesting + 1);
        if (nested.flat) {
          operands.back().add(*nested.flat);
        } else {
          operands.back().expressions.push_back(nested.expression);
        }
      } else {
        class_range(operands.back());
      }
      if (out_.size() > max_translation_bytes) refuse("is too long");
    }
    return finish_class(operands, negated);
  }

  static ParsedClass finish_class(const std::vector<Union>& operands, bool negated) {
    if (operands.size() == 1 && operands[0].expressions.empty()) {
      CharacterSet set{operands[0].items, negated};
      std::string expression = bracketed(set);
      return {std::move(set), std::move(expression)};
    }
    std::string expression = "(?:";
    for (std::size_t i = 0; i + 1 < operands.size(); ++i)
      expression += "(?=" + operands[i].expression() + ")";
    expression += operands.back().expression() + ")";
    if (negated) expression = "(?:(?!" + expression + ")" + std::string(any_character) + ")";
    return {std::nullopt, std::move(expression)};
  }

  static constexpr std::size_t max_translation_bytes = 1U << 20U;

  std::string_view pattern_;
  std::size_t position_ = 0;
  std::string out_;
  std::size_t last_atom_ = no_atom;  ///< where the last atom starts in out_, for quantifiers
};

}  // namespace

std::string pcre2_from_oniguruma(std::string_view oniguruma) { return Translator(oniguruma).translate(); }

}  // namespace bv2::engine::tokenizer
