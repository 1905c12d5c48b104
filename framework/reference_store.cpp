// References that were computed once, kept by what they depend on.
#include "framework/reference_store.h"

#include <link.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace bv2 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = std::size_t{16} << 20U;

std::string sha256(std::string_view text) { return digest_of(DigestKind::sha256, text); }

/// "PATH SIZE SECONDS.NANOSECONDS" of one loaded object; empty for what has no file.
std::string description_of(const char* path) {
  struct stat status {};
  if (::stat(*path == '\0' ? "/proc/self/exe" : path, &status) != 0) return {};
  return fmt::format("{} {} {}.{}\n", path, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

std::string digest_of_file(const fs::path& path, const InterruptFlag& interrupt) {
  const MappedFile file(path);
  Digest digest(DigestKind::sha256, file.bytes().size());
  for (std::size_t at = 0; at < file.bytes().size(); at += piece_bytes) {
    interrupt.throw_if_raised();
    const std::size_t size = std::min(piece_bytes, file.bytes().size() - at);
    if (!file.populate(at, size)) fail("'{}' cannot be read", path.string());
    digest.update({reinterpret_cast<const char*>(file.bytes().data()) + at, size});
    file.release(at, size);
  }
  return digest.hex();
}

}  // namespace

std::string program_digest() {
  std::vector<std::string> objects;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* into) {
        static_cast<std::vector<std::string>*>(into)->push_back(description_of(info->dlpi_name));
        return 0;
      },
      &objects);
  std::ranges::sort(objects);  // not in the order of loading
  std::string text;
  for (const std::string& object : objects) text += object;
  return sha256(text);
}

std::string model_digest(const fs::path& folder, const InterruptFlag& interrupt) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".json" || extension == ".safetensors")) {
      files.push_back(entry.path());
    }
  }
  if (error) fail("'{}' cannot be read: {}", folder.string(), error.message());
  std::ranges::sort(files);
  std::string text;
  for (const fs::path& file : files) {
    text += fmt::format("{} {}\n", file.filename().string(), digest_of_file(file, interrupt));
  }
  return sha256(text);
}

fs::path ReferenceStore::file_of(const ReferenceQuestion& question) const {
  return folder_ / (sha256(to_json(question).dump()) + ".safetensors");
}

void ReferenceStore::trim(std::uintmax_t most_bytes) const {
  struct Kept {
    fs::file_time_type changed;
    std::uintmax_t bytes;
    fs::path path;
  };
  std::vector<Kept> kept;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().extension() != ".safetensors") continue;
    std::error_code gone;
    const Kept file{entry.last_write_time(gone), entry.file_size(gone), entry.path()};
    if (!gone) kept.push_back(file);
  }
  std::ranges::sort(kept, std::ranges::greater(), &Kept::changed);
  std::uintmax_t total = 0;
  for (const Kept& file : kept) {
    total += file.bytes;
    if (total > most_bytes) fs::remove(file.path, error);
  }
}

std::optional<std::string> reference_memory_shortage(std::optional<std::int64_t> parameters,
                                                     std::optional<std::int64_t> available_bytes) {
  if (!parameters || !available_bytes) return std::nullopt;
  // The weights, a tenth for activations and cache, and what a process has before it loads anything.
  constexpr std::int64_t process_bytes = std::int64_t{128} << 20;
  const std::int64_t weight_bytes = 4 * *parameters;
  const std::int64_t needed_bytes = weight_bytes + weight_bytes / 10 + process_bytes;
  if (needed_bytes <= *available_bytes) return std::nullopt;
  const auto gibibytes = [](std::int64_t bytes) { return static_cast<double>(bytes) / (1LL << 30); };
  return fmt::format("the reference in float32 needs {:.1f} GiB of memory, {:.1f} GiB are available",
                     gibibytes(needed_bytes), gibibytes(*available_bytes));
}

}  // namespace bv2
