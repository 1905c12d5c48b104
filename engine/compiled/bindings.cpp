// A graph's buffers in memory.
#include "engine/compiled/bindings.h"

#include <limits>

namespace bv2::engine::compiled {
namespace {

Dims dims_at(const std::vector<Expression>& expressions, const Sizes& sizes) {
  std::array<std::int64_t, Dims::capacity> values{};
  if (expressions.size() > values.size()) fail("a view with {} dimensions", expressions.size());
  for (std::size_t i = 0; i < expressions.size(); ++i) values[i] = expressions[i].at(sizes);
  return Dims(std::span<const std::int64_t>(values.data(), expressions.size()));
}

}  // namespace

Bindings::Bindings(const Graph& graph, std::span<std::byte* const> addresses) {
  for (std::size_t i = 0; i < graph.buffers.size(); ++i) {
    const Buffer& buffer = graph.buffers[i];
    dtypes_.push_back(buffer.dtype);
    constants_.push_back(buffer.tensor);
    // How large a buffer is its owner knows; tensors check nothing.
    const std::size_t reach = std::numeric_limits<std::size_t>::max() / 2;
    storages_.push_back(addresses[i] == nullptr || buffer.kind == BufferKind::constant
                            ? nullptr
                            : std::make_shared<Storage>(std::span(addresses[i], reach)));
  }
}

template <class Share>
Tensor Bindings::at(const View& view, const Sizes& sizes, const Share& share) const {
  if (!view.defined()) return {};
  const auto id = static_cast<std::size_t>(view.buffer);
  const Shape shape = dims_at(view.shape, sizes);
  const Strides strides = dims_at(view.strides, sizes);
  const std::int64_t offset = view.offset.at(sizes);
  const Tensor& constant = constants_[id];
  if (constant.defined())
    return {share(constant.storage()), dtypes_[id], shape, strides, constant.offset() + offset};
  return {share(storages_[id]), dtypes_[id], shape, strides, offset};
}

Tensor Bindings::tensor(const View& view, const Sizes& sizes) const {
  return at(view, sizes, [](const std::shared_ptr<Storage>& storage) { return storage; });
}

Tensor Bindings::borrowed(const View& view, const Sizes& sizes) const {
  return at(view, sizes, [](const std::shared_ptr<Storage>& storage) {
    return std::shared_ptr<Storage>(std::shared_ptr<void>(), storage.get());
  });
}

}  // namespace bv2::engine::compiled
