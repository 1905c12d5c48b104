// Packs a model's weights for the kernels, once.
#pragma once

#include <cstddef>

#include "engine/models/model.h"

namespace bv2::engine {

/// What packing did.
struct PackingReport {
  std::size_t packed_bytes = 0;  ///< memory of the packed weights, filling included
  std::size_t second_copy_bytes =
      0;  ///< plain weights that stay beside their packed copy: someone else holds them
};

/// Replaces each weight that the model shows (Model::visit_matrices) by its packed form, all in one block of
/// memory in the order in which a forward reads them. Plain memory is given back piece by piece as it is
/// packed, so that the peak is about one copy of the weights. A weight that is packed already stays as it is.
PackingReport pack_weights(Model& model);

}  // namespace bv2::engine
