// Reference outputs of a model, computed by something else, as a safetensors file carries them.
#include "framework/reference.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/safetensors_header.h"

namespace bv2 {
namespace {

class ReferenceFile {
 public:
  explicit ReferenceFile(const std::filesystem::path& path)
      : name_(path.string()), file_(path), header_(parse_safetensors_header(file_.bytes(), name_)) {}

  [[nodiscard]] const SafetensorsEntry* find(std::string_view entry) const {
    const auto found = std::ranges::find(header_.entries, entry, &SafetensorsEntry::name);
    return found == header_.entries.end() ? nullptr : &*found;
  }

  /// The entry, which must be of that dtype and rank and not empty.
  [[nodiscard]] const SafetensorsEntry& require(std::string_view entry_name, Dtype dtype,
                                                std::string_view shape) const {
    const SafetensorsEntry* entry = find(entry_name);
    if (entry == nullptr) {
      fail("the reference '{}' has no '{}' ({} {}); it has {}", name_, entry_name, name(dtype), shape,
           known_entries());
    }
    const auto rank = static_cast<std::size_t>(std::ranges::count(shape, ',') + 1);
    const bool empty = std::ranges::any_of(entry->shape, [](std::int64_t size) { return size == 0; });
    if (entry->dtype != dtype || entry->shape.size() != rank || empty) {
      fail("the reference '{}': '{}' should be {} {}, it is {} [{}]", name_, entry_name, name(dtype), shape,
           name(entry->dtype), fmt::join(entry->shape, ", "));
    }
    return *entry;
  }

  template <class T>
  [[nodiscard]] std::vector<T> values(const SafetensorsEntry& entry) const {
    if (!file_.populate(entry.begin, entry.size_bytes())) {
      fail("the reference '{}': '{}' cannot be read", name_, entry.name);
    }
    std::vector<T> copied(entry.size_bytes() / sizeof(T));
    std::memcpy(copied.data(), file_.bytes().data() + entry.begin, entry.size_bytes());
    return copied;
  }

  /// The first sizes must be those that input_ids and generated_ids ask for.
  void require_sizes(const SafetensorsEntry& entry, const std::vector<std::int64_t>& sizes) const {
    if (std::equal(sizes.begin(), sizes.end(), entry.shape.begin())) return;
    fail("the reference '{}': '{}' is [{}], its input_ids ask for [{}, ...]", name_, entry.name,
         fmt::join(entry.shape, ", "), fmt::join(sizes, ", "));
  }

  /// The values must be from 0 to below `end`.
  void require_below(const SafetensorsEntry& entry, std::span<const std::int64_t> values,
                     std::int64_t end) const {
    const auto outside = [&](std::int64_t value) { return value < 0 || value >= end; };
    const auto found = std::ranges::find_if(values, outside);
    if (found == values.end()) return;
    fail("the reference '{}': '{}' has {}, where only 0 to {} are", name_, entry.name, *found, end - 1);
  }

 private:
  [[nodiscard]] std::string known_entries() const {
    std::vector<std::string> names;
    for (const auto& entry : header_.entries) names.push_back(entry.name);
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
  }

  std::string name_;
  MappedFile file_;
  SafetensorsHeader header_;
};

std::string router_entry(std::size_t mixture, std::string_view what) {
  return fmt::format("routers.{}.{}", mixture, what);
}

/// What `reference` has of the prompt and the new tokens is read.
std::vector<RouterRecord> read_routers(const ReferenceFile& file, const Reference& reference) {
  const std::int64_t forwarded = reference.input.tokens + std::max<std::int64_t>(reference.new_tokens, 1) - 1;
  std::vector<RouterRecord> routers;
  while (file.find(router_entry(routers.size(), "experts")) != nullptr) {
    const std::size_t mixture = routers.size();
    const auto& ids = file.require(router_entry(mixture, "experts"), Dtype::int64, "[rows, chosen]");
    const auto& logits = file.require(router_entry(mixture, "logits"), Dtype::float32, "[rows, experts]");
    file.require_sizes(ids, {reference.input.batch * forwarded});
    file.require_sizes(logits, {ids.shape[0]});
    routers.push_back({.experts = logits.shape[1],
                       .chosen = ids.shape[1],
                       .logits = file.values<float>(logits),
                       .ids = file.values<std::int64_t>(ids)});
    file.require_below(ids, routers.back().ids, logits.shape[1]);
  }
  return routers;
}

Reference read(const std::filesystem::path& path) {
  const ReferenceFile file(path);
  Reference reference;
  const auto& input = file.require("input_ids", Dtype::int64, "[batch, tokens]");
  reference.input = {
      .batch = input.shape[0], .tokens = input.shape[1], .ids = file.values<std::int64_t>(input)};
  if (file.find("logits") == nullptr && file.find("last_hidden_state") != nullptr) {
    reference.outputs_name = "last_hidden_state";
  }
  const bool has_step_logits = file.find("step_logits") != nullptr;
  if (!has_step_logits || file.find(reference.outputs_name) != nullptr) {
    const auto& outputs = file.require(reference.outputs_name, Dtype::float32, "[batch, tokens, width]");
    file.require_sizes(outputs, input.shape);
    reference.outputs = {.width = outputs.shape[2], .values = file.values<float>(outputs)};
  }
  if (has_step_logits || file.find("generated_ids") != nullptr) {
    const auto& ids = file.require("generated_ids", Dtype::int64, "[batch, new tokens]");
    file.require_sizes(ids, {input.shape[0]});
    reference.new_tokens = ids.shape[1];
    reference.generated_ids = file.values<std::int64_t>(ids);
  }
  if (has_step_logits) {
    const auto& logits = file.require("step_logits", Dtype::float32, "[batch, new tokens, vocabulary]");
    file.require_sizes(logits, {input.shape[0], reference.new_tokens});
    reference.step_logits = file.values<float>(logits);
  }
  reference.routers = read_routers(file, reference);
  return reference;
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

Reference read_reference(const std::filesystem::path& path) {
  try {
    return read(path);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

void write_reference(const std::filesystem::path& path, const Reference& reference) {
  const PromptIds& input = reference.input;
  SafetensorsHeader header;
  std::vector<std::string_view> pieces{{}};  // the header's place
  const auto add = [&](const std::string& name, Dtype dtype, std::vector<std::int64_t> shape,
                       std::string_view bytes) {
    if (bytes.empty()) return;
    header.entries.push_back({.name = name, .dtype = dtype, .shape = std::move(shape)});
    pieces.push_back(bytes);
  };
  // Wider elements first, so that all are aligned.
  add("input_ids", Dtype::int64, {input.batch, input.tokens}, bytes_of(input.ids));
  add("generated_ids", Dtype::int64, {input.batch, reference.new_tokens}, bytes_of(reference.generated_ids));
  for (std::size_t mixture = 0; mixture < reference.routers.size(); ++mixture) {
    const RouterRecord& router = reference.routers[mixture];
    add(router_entry(mixture, "experts"), Dtype::int64, {router.rows(), router.chosen}, bytes_of(router.ids));
  }
  for (std::size_t mixture = 0; mixture < reference.routers.size(); ++mixture) {
    const RouterRecord& router = reference.routers[mixture];
    add(router_entry(mixture, "logits"), Dtype::float32, {router.rows(), router.experts},
        bytes_of(router.logits));
  }
  add("step_logits", Dtype::float32, {input.batch, reference.new_tokens, reference.vocabulary()},
      bytes_of(reference.step_logits));
  add(reference.outputs_name, Dtype::float32, {input.batch, input.tokens, reference.outputs.width},
      bytes_of(reference.outputs.values));
  const std::string text = format_safetensors_header(header);
  pieces[0] = text;
  write_file_atomically(path, pieces);
}

}  // namespace bv2
