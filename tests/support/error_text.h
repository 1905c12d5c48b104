// What an operation that must fail says.
#pragma once

#include <string>

#include "base/error.h"

namespace bv2::test {

/// The message of the `E` that `operation` throws; what else happened instead, if it does not. Messages of
/// more than one line are given a mark that no expectation matches.
template <class E = Error, class Operation>
std::string error_text(const Operation& operation) {
  try {
    operation();
  } catch (const E& error) {
    const std::string text = error.what();
    return text.find('\n') == std::string::npos ? text : "(MORE THAN ONE LINE)";
  } catch (const std::exception& error) {
    return std::string("(another exception) ") + error.what();
  }
  return "(no exception)";
}

}  // namespace bv2::test
