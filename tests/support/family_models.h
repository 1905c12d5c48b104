// A small model of every family: the fixtures, and for families without one a small shape with synthetic
// weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/models/model.h"

namespace bv2::test {

/// A model and a prompt for it.
struct FamilyModel {
  std::unique_ptr<engine::Model> model;
  engine::Tensor ids;  ///< int64 [2, tokens]; at least 16 tokens, none of them 0
};

/// Fixtures by their folder's name, the others by their model_type, in alphabetical order.
std::vector<std::string> family_models();
FamilyModel load_family_model(const std::string& name, Dtype dtype);

}  // namespace bv2::test
