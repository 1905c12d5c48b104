// oneDNN's matrix products, each prepared once.
#pragma once

#include <memory>

#include "engine/eager/product.h"

namespace bv2::engine::eager {

/// The primitives made so far, by shape, dtype and layout. One thread at a time.
class OnednnProducts {
 public:
  OnednnProducts();
  ~OnednnProducts();

  /// Whether oneDNN has code for the dtype on this CPU (its plain reference loops do not count).
  bool supports(Dtype dtype);
  /// Making the primitive of a shape that is new takes about 0.3 ms. Throws Error where oneDNN fails.
  void multiply(const Product& product);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bv2::engine::eager
