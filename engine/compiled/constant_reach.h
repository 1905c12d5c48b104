// Whether what a graph reads of its constants is there: rows of a position table follow from the sizes.
#pragma once

#include <vector>

#include "engine/compiled/graph.h"

namespace bv2::engine::compiled {

/// The views of constants that reach further with larger sizes.
class ConstantReach {
 public:
  explicit ConstantReach(const Graph& graph);
  /// Throws Error where a view would reach over its constant's end. Allocates nothing otherwise.
  void check(const Sizes& sizes) const;

 private:
  struct Reach {
    Expression end;  // elements of the constant that a view needs
    std::int64_t elements = 0;
    std::int64_t rows = 0;
  };
  std::vector<Reach> reaches_;
};

}  // namespace bv2::engine::compiled
