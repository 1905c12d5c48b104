// The compile modes: what each of them decides about the code that is generated.
#pragma once

#include <span>
#include <string_view>

#include "engine/compiled/emitter.h"

namespace bv2::engine::compiled {

/// One compile mode. Modes that time variants (max-autotune) are rows with their own `options`; what they
/// need of a model to time them is added to CompiledModel's ProgramBuilder (docs/compiled_mode.md).
struct CompileMode {
  std::string_view name;  ///< as people know it: "reduce-overhead"
  EmitOptions options;
};

/// All that work, the default one first.
std::span<const CompileMode> compile_modes();
/// Throws Error, with those that there are, for a name that is none.
const CompileMode& compile_mode(std::string_view name);

}  // namespace bv2::engine::compiled
