// The table of passes.
#include "engine/compiled/passes/passes.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace bv2::engine::compiled {

std::span<const Pass> passes() {
  static constexpr std::array table{
      Pass{"fold_constants", fold_constants},
      Pass{"remove_no_ops", remove_no_ops},
      Pass{"merge_common", merge_common},
      Pass{"split_joins", split_joins},
      Pass{"combine_products", combine_products},
      Pass{"order_dimensions", order_dimensions},
      Pass{"fuse", fuse},
      Pass{"fuse_products", fuse_products},
      Pass{"fuse_inputs", fuse_inputs},
      Pass{"reuse_in_place", reuse_in_place},
      Pass{"remove_dead", remove_dead},
  };
  return table;
}

void optimise(Graph& graph, const PassOptions& options) {
  for (const std::string& name : options.off)
    if (std::ranges::find(passes(), name, &Pass::name) == passes().end()) fail("there is no pass '{}'", name);
  for (const Pass& pass : passes()) {
    if (options.off.contains(pass.name)) continue;
    pass.run(graph);
    check(graph);
    if (options.after) options.after(pass.name, graph);
  }
}

}  // namespace bv2::engine::compiled
