// A checkpoint folder as Hugging Face publishes it, as a source of weights.
#include "engine/loading/checkpoint.h"

#include <fmt/ranges.h>

#include <exception>
#include <mutex>

#include "base/shown_text.h"
#include "engine/loading/checkpoint_folder.h"
#include "engine/loading/dtype_conversion.h"
#include "engine/loading/tensor_names.h"
#include "engine/parallel.h"
#include "engine/threads.h"

namespace bv2::engine {
namespace {

// Pages of the file that are mapped at one time, over all threads: enough to keep them busy, little beside
// the weights of any model.
constexpr std::uint64_t bytes_in_flight = 16 << 20U;
constexpr std::uint64_t min_chunk_bytes = 256 << 10U;

/// Reads the whole tensor in chunks, on all threads.
void read_in_parallel(const SafetensorsFile& file, const SafetensorsEntry& entry, const Tensor& target) {
  const auto count = static_cast<std::uint64_t>(target.numel());
  const auto threads = static_cast<std::uint64_t>(thread_count());
  const std::uint64_t chunk = std::max(min_chunk_bytes, bytes_in_flight / threads) / size_bytes(entry.dtype);
  const auto chunks = static_cast<std::int64_t>((count + chunk - 1) / chunk);
  std::mutex mutex;
  std::exception_ptr failure;
  const auto read = [&](std::int64_t index) {
    const std::uint64_t first = static_cast<std::uint64_t>(index) * chunk;
    try {
      file.read(entry, first, std::min(chunk, count - first), target.dtype(),
                target.raw() + first * size_bytes(target.dtype()));
    } catch (...) {
      const std::scoped_lock lock(mutex);
      failure = std::current_exception();
    }
  };
  SharedTasks tasks(chunks);
  on_team(chunks > 1 ? thread_count() : 1, [&](const TeamThread&) { tasks.take(read); });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Checkpoint::Checkpoint(const std::filesystem::path& folder) : folder_(folder) {
  require_checkpoint_folder(folder);
  const WeightFiles found = find_weight_files(folder);
  files_.reserve(found.files.size());
  for (const std::filesystem::path& path : found.files) files_.emplace_back(path);
  if (found.index.empty()) {
    for (const SafetensorsEntry& entry : files_.front().entries()) {
      places_.emplace(entry.name, Place{&files_.front(), &entry});
    }
  }
  for (const auto& [name, file_index] : found.index) {
    const SafetensorsFile& file = files_[file_index];
    const SafetensorsEntry* entry = file.find(name);
    if (entry == nullptr) {
      fail("'{}': tensor '{}' should be in the shard '{}', which does not have it", found.index_path.string(),
           shown(name), file.path().filename().string());
    }
    places_.emplace(entry->name, Place{&file, entry});
  }
}

Checkpoint::Place Checkpoint::find(std::string_view name) const {
  for (const std::string& candidate : possible_names(name)) {
    const auto found = places_.find(candidate);
    if (found != places_.end()) return found->second;
  }
  return {};
}

bool Checkpoint::has(std::string_view name) const { return find(name).entry != nullptr; }

Tensor Checkpoint::take(std::string_view name, const Shape& shape, Dtype dtype, WeightKind /*kind*/) {
  const auto [file, entry] = find(name);
  if (entry == nullptr) fail_missing(name);
  if (!std::ranges::equal(entry->shape, shape)) {
    fail("'{}': tensor '{}' has the shape [{}], the model needs {}", file->path().string(),
         shown(entry->name), fmt::join(entry->shape, ", "), to_string(shape));
  }
  if (!is_floating(entry->dtype) || !is_floating(dtype)) {
    fail("'{}': tensor '{}' is {}, it cannot become {} (weights are float32, bfloat16, float16 or float64)",
         file->path().string(), shown(entry->name), bv2::name(entry->dtype), bv2::name(dtype));
  }
  Tensor tensor(dtype, shape);
  read_in_parallel(*file, *entry, tensor);
  taken_.insert(entry->name);
  return tensor;
}

void Checkpoint::fail_missing(std::string_view name) const {
  const std::string similar = most_similar(name, names());
  if (similar.empty()) fail("'{}' has no tensor '{}': it has none at all", folder_.string(), name);
  fail("'{}' has no tensor '{}' (the most similar of its {} names is '{}')", folder_.string(), name,
       places_.size(), shown(similar));
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : places_) names.emplace_back(name);
  return names;
}

std::vector<std::string> Checkpoint::untaken() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : places_) {
    if (!taken_.contains(name)) names.emplace_back(name);
  }
  return names;
}

}  // namespace bv2::engine
