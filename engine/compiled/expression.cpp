// Polynomials of the symbols: their arithmetic and text.
#include "engine/compiled/expression.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace bv2::engine::compiled {
namespace {

constexpr std::array<std::string_view, symbol_count> symbol_names{"batch", "tokens", "past", "capacity"};

std::string magnitude(const Expression::Term& term) {
  const std::int64_t number = std::abs(term.coefficient);
  std::string text;
  const auto factor = [&text](std::string_view what) {
    if (!text.empty()) text += '*';
    text += what;
  };
  const bool is_constant = std::ranges::all_of(term.powers, [](std::uint8_t power) { return power == 0; });
  if (number != 1 || is_constant) factor(fmt::format("{}", number));
  for (std::size_t i = 0; i < symbol_count; ++i)
    for (int power = 0; power < term.powers[i]; ++power) factor(symbol_names[i]);
  return text;
}

}  // namespace

std::string_view name(Symbol symbol) { return symbol_names.at(static_cast<std::size_t>(symbol)); }

Expression::Expression(std::int64_t number) { add({.powers = {}, .coefficient = number}); }

Expression::Expression(Symbol symbol) {
  Term term{.powers = {}, .coefficient = 1};
  term.powers.at(static_cast<std::size_t>(symbol)) = 1;
  add(term);
}

Expression::Expression(Term term) { add(term); }

bool Expression::is_number() const {
  return terms_.empty() || (terms_.size() == 1 && terms_[0].powers == Powers{});
}

std::int64_t Expression::value() const {
  if (!is_number()) fail("the size {} is not a number", to_string(*this));
  return terms_.empty() ? 0 : terms_[0].coefficient;
}

std::int64_t Expression::at(const Sizes& sizes) const {
  const auto values = sizes.values();
  std::int64_t sum = 0;
  for (const Term& term : terms_) {
    std::int64_t product = term.coefficient;
    for (std::size_t i = 0; i < symbol_count; ++i)
      for (int power = 0; power < term.powers[i]; ++power) product *= values[i];
    sum += product;
  }
  return sum;
}

void Expression::add(const Term& term) {
  if (term.coefficient == 0) return;
  const auto place = std::ranges::lower_bound(terms_, term.powers, std::greater<>(), &Term::powers);
  if (place == terms_.end() || place->powers != term.powers) {
    terms_.insert(place, term);
    return;
  }
  place->coefficient += term.coefficient;
  if (place->coefficient == 0) terms_.erase(place);
}

Expression& Expression::operator+=(const Expression& other) {
  const std::vector<Term> added = other.terms_;
  for (const Term& term : added) add(term);
  return *this;
}

Expression operator*(const Expression& a, const Expression& b) {
  Expression result;
  for (const Expression::Term& left : a.terms_)
    for (const Expression::Term& right : b.terms_) {
      Expression::Term term{.powers = left.powers, .coefficient = left.coefficient * right.coefficient};
      for (std::size_t i = 0; i < symbol_count; ++i)
        term.powers[i] = static_cast<std::uint8_t>(term.powers[i] + right.powers[i]);
      result.add(term);
    }
  return result;
}

std::string to_string(const Expression& expression) {
  if (expression.terms().empty()) return "0";
  std::string text;
  for (const Expression::Term& term : expression.terms()) {
    if (text.empty())
      text = term.coefficient < 0 ? "-" : "";
    else
      text += term.coefficient < 0 ? " - " : " + ";
    text += magnitude(term);
  }
  return text;
}

Expression product(const std::vector<Expression>& factors) {
  Expression result(1);
  for (const Expression& factor : factors) result = result * factor;
  return result;
}

}  // namespace bv2::engine::compiled
