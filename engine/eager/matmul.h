// What matmul keeps from one call to the next.
#pragma once

#include "engine/eager/onednn.h"

namespace bv2::engine::eager {

struct MatmulState {
  OnednnProducts onednn;
};

}  // namespace bv2::engine::eager
