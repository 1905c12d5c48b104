// Errors that a user or a file can cause: one line that says what was wrong, with the value and the way out.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace bv2 {

/// A failure that ends a scenario or the program with exit status 1. `what()` is one line.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong use of the command line or of an input file named there: exit status 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// This machine lacks what the scenario needs (a compiler, a device): the scenario is skipped, not failed.
/// `what()` says what to install.
class Unavailable : public Error {
 public:
  using Error::Error;
};

/// The user asked the run to end (Ctrl-C): exit status 130. Not an Error, so that no scenario swallows it.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// Throws `E` (Error by default) with a formatted message.
template <class E = Error, class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw E(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace bv2
