// Sizes that are known only at a call: polynomials of a few symbols with integer coefficients.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bv2::engine::compiled {

/// What a graph leaves open.
enum class Symbol : std::uint8_t {
  batch,     ///< sequences
  tokens,    ///< new tokens a sequence
  past,      ///< tokens that the cache holds before the call
  capacity,  ///< tokens that the cache has room for
};
constexpr std::size_t symbol_count = 4;

/// "batch"; also the name of the variable in generated code.
std::string_view name(Symbol symbol);

/// The values of the symbols at one call.
struct Sizes {
  std::int64_t batch = 1;
  std::int64_t tokens = 1;
  std::int64_t past = 0;
  std::int64_t capacity = 1;

  [[nodiscard]] std::array<std::int64_t, symbol_count> values() const {
    return {batch, tokens, past, capacity};
  }
  friend bool operator==(const Sizes&, const Sizes&) = default;
};

/// A polynomial of the symbols. A value; equal polynomials compare equal.
class Expression {
 public:
  /// How often each symbol is a factor.
  using Powers = std::array<std::uint8_t, symbol_count>;
  struct Term {
    Powers powers{};
    std::int64_t coefficient = 0;
    friend bool operator==(const Term&, const Term&) = default;
  };

  Expression() = default;
  // Numbers stand in expressions as they do in formulas.
  Expression(std::int64_t number);  // NOLINT(google-explicit-constructor)
  Expression(Symbol symbol);        // NOLINT(google-explicit-constructor)
  Expression(Term term);            // NOLINT(google-explicit-constructor)

  /// Without zeros, the highest powers first.
  [[nodiscard]] const std::vector<Term>& terms() const { return terms_; }
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_number(std::int64_t number) const { return is_number() && value() == number; }
  /// Of a number. Throws Error for anything else.
  [[nodiscard]] std::int64_t value() const;
  [[nodiscard]] std::int64_t at(const Sizes& sizes) const;

  Expression& operator+=(const Expression& other);
  friend Expression operator+(Expression a, const Expression& b) { return a += b; }
  friend Expression operator-(const Expression& a, const Expression& b) { return a + b * Expression(-1); }
  friend Expression operator*(const Expression& a, const Expression& b);
  friend bool operator==(const Expression&, const Expression&) = default;

 private:
  void add(const Term& term);

  std::vector<Term> terms_;
};

/// "576*batch*tokens + past"; an expression of C++ where the symbols are variables.
std::string to_string(const Expression& expression);
/// The product; 1 for none.
Expression product(const std::vector<Expression>& factors);

}  // namespace bv2::engine::compiled
