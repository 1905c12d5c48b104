// What the built-in engine offers the program's commands.
#pragma once

#include "framework/engine_services.h"

namespace bv2 {

const EngineServices& built_in_services();

}  // namespace bv2
