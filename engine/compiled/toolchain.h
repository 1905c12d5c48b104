// The system's C++ compiler: which it is, and one source built into a shared object.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace bv2::engine::compiled {

/// A compiler and how it is called.
struct Toolchain {
  std::vector<std::string> command;  ///< "g++", or "ccache", "g++"
  std::string version;               ///< the first line of --version
  std::vector<std::string> flags;
  std::string cpu;  ///< what -march=native stands for here: the processor's model and features

  /// All of it that shapes the code, as text.
  [[nodiscard]] std::string identity() const;
};

/// The compiler of the environment variable CXX (words are its arguments), else g++, clang++ or c++,
/// whichever runs first, with flags for this machine's instruction set or the one that BV2_MAX_ISA holds it
/// to. Throws Unavailable that says what to install where there is none, and where CXX names one that does
/// not run.
Toolchain find_toolchain();

/// Compiles `source` to the shared object `object`. Thread safe; one thread and one process of the compiler.
/// Throws Error with the compiler's first complaint, in one line.
void build_shared_object(const Toolchain& toolchain, const std::filesystem::path& source,
                         const std::filesystem::path& object);

}  // namespace bv2::engine::compiled
