// What ran, when, on what.
#include "engine/ops/operation_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"

namespace bv2::engine {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 3> kind_names{"kernel", "definition", "basic"};

bool is_view(BasicOp op) {
  return op == BasicOp::reshape || op == BasicOp::transpose || op == BasicOp::slice || op == BasicOp::expand;
}

}  // namespace

std::int64_t touched_bytes(const Tensor& tensor) {
  if (!tensor.defined()) return 0;
  auto elements = static_cast<std::int64_t>(1);
  for (std::size_t dim = 0; dim < tensor.rank(); ++dim) {
    const auto index = static_cast<std::int64_t>(dim);
    if (tensor.strides()[index] != 0 || tensor.size(index) == 0) elements *= tensor.size(index);
  }
  return elements * static_cast<std::int64_t>(size_bytes(tensor.dtype()));
}

std::int64_t touched_bytes(const BasicCall& call, const Tensor& result) {
  if (is_view(call.op)) return 0;
  std::int64_t bytes = touched_bytes(result);
  // The table of a look-up is read where its rows are, the destination of a copy is the result itself.
  const bool skips_first = call.op == BasicOp::take_rows || call.op == BasicOp::copy_into;
  for (std::size_t i = skips_first ? 1 : 0; i < call.inputs.size(); ++i)
    bytes += touched_bytes(call.inputs[i]);
  return call.op == BasicOp::take_rows ? bytes + touched_bytes(result) : bytes;
}

std::size_t OperationProfile::begin() {
  records_.push_back({.start_ns = monotonic_now_ns()});
  return records_.size() - 1;
}

OperationProfile::Record& OperationProfile::close(std::size_t span, SpanKind kind, std::string_view name) {
  Record& record = records_[span];
  record.end_ns = monotonic_now_ns();
  record.kind = kind;
  record.name = name;
  return record;
}

void OperationProfile::end(std::size_t span, const BasicCall& call, const Tensor& result) {
  Record& record = close(span, SpanKind::basic, name(call.op));
  record.first_type = types_.size();
  for (const Tensor& input : call.inputs) {
    if (input.defined()) types_.push_back({input.dtype(), input.shape()});
  }
  record.first_output = types_.size();
  types_.push_back({result.dtype(), result.shape()});
  record.end_type = types_.size();
  record.bytes = touched_bytes(call, result);
}

std::string OperationProfile::text_of_types(std::size_t begin, std::size_t end) const {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", name(types_[i].dtype), to_string(types_[i].shape));
  }
  return text;
}

std::vector<OperationSpan> OperationProfile::take() {
  std::vector<OperationSpan> spans;
  spans.reserve(records_.size());
  for (const Record& record : records_) {
    spans.push_back({.name = std::string(record.name),
                     .kind = std::string(kind_names.at(static_cast<std::size_t>(record.kind))),
                     .start_ns = record.start_ns,
                     .end_ns = record.end_ns,
                     .inputs = text_of_types(record.first_type, record.first_output),
                     .outputs = text_of_types(record.first_output, record.end_type),
                     .bytes = record.bytes});
  }
  records_.clear();
  types_.clear();
  // Generated code is noted when it has run, after the calls in it.
  std::ranges::stable_sort(spans, {}, &OperationSpan::start_ns);
  return spans;
}

}  // namespace bv2::engine
