// A small model of each family, with synthetic weights: what the graphs of families are tested on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/models/model.h"

namespace bv2::test {

/// Every family, and the settings of families that change operations.
std::vector<std::string> small_models();
/// Two layers of it, the second of another kind than the first where the family has several. A name that is
/// not in small_models() fails the test.
std::unique_ptr<engine::Model> make_small_model(const std::string& name, Dtype dtype);

}  // namespace bv2::test
