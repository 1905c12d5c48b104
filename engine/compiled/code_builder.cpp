// Generated sources to loaded code.
#include "engine/compiled/code_builder.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"

namespace bv2::engine::compiled {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view source_name = "code.cpp";
constexpr std::string_view object_name = "code.so";
/// Sources that did not compile and are kept; older ones go.
constexpr std::size_t kept_failures = 16;

/// Keeps a source that did not compile where its author can look at it.
fs::path keep_failure(const fs::path& cache, const std::string& key, const std::string& source) {
  const fs::path folder = cache / "failed";
  std::vector<fs::directory_entry> kept;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator(folder, error)) kept.push_back(file);
  std::ranges::sort(kept, std::greater<>(), [](const auto& file) {
    std::error_code ignored;
    return file.last_write_time(ignored);
  });
  for (std::size_t i = kept_failures - 1; i < kept.size(); ++i) fs::remove(kept[i].path(), error);
  const fs::path path = folder / (key.substr(0, 16) + ".cpp");
  write_file_atomically(path, source);
  return path;
}

}  // namespace

CodeBuilder::CodeBuilder(Toolchain toolchain, DiskCache& cache, std::function<void(std::string_view)> warn)
    : toolchain_(std::move(toolchain)),
      cache_(cache),
      warn_([warn = std::move(warn), lock = std::make_shared<std::mutex>()](std::string_view line) {
        const std::lock_guard guard(*lock);
        warn(line);
      }) {}

std::string CodeBuilder::key_of(const CodeUnit& unit) const {
  std::string text = std::string(BV2_VERSION) + "\n" + toolchain_.identity();
  for (const std::string* part : {&unit.source, &unit.graph})
    text += fmt::format("{}\n{}", part->size(), *part);
  return digest_of(DigestKind::sha256, text);
}

void CodeBuilder::compile(const CodeUnit& unit, const std::string& key, const fs::path& folder) const {
  const fs::path source = folder / source_name;
  write_file_atomically(source, unit.source);
  try {
    build_shared_object(toolchain_, source, folder / object_name);
  } catch (const Error& error) {
    const fs::path kept = keep_failure(cache_.folder(), key, unit.source);
    fail("the code generated for {} did not compile: {}; the source is kept in '{}'", unit.title,
         error.what(), kept.string());
  }
}

LoadedCode CodeBuilder::build_one(const CodeUnit& unit) {
  const std::string key = key_of(unit);
  std::int64_t load_ns = -monotonic_now_ns();
  std::optional<SharedLibrary> library;
  const CacheUse use = cache_.use(
      key, unit.title,
      [&](const fs::path& folder) {
        load_ns += monotonic_now_ns();
        compile(unit, key, folder);
        load_ns -= monotonic_now_ns();
      },
      [&](const fs::path& folder) { library.emplace(folder / object_name); });
  load_ns += monotonic_now_ns();
  if (!use.damage.empty())
    warn_(fmt::format("the cached code of {} was damaged and has been built again: {}", unit.title,
                      use.damage));
  return {.library = std::move(*library),
          .key = key,
          .from_cache = !use.built,
          .load_seconds = static_cast<double>(load_ns) * 1e-9};
}

std::vector<LoadedCode> CodeBuilder::build(std::span<const CodeUnit> units, std::size_t parallel) {
  std::vector<std::optional<LoadedCode>> done(units.size());
  std::vector<std::exception_ptr> failures(units.size());
  // Of units that are the same code the others would only wait for the first, and call that loading.
  std::vector<std::size_t> distinct;
  std::vector<std::size_t> repeated;
  std::set<std::string> keys;
  for (std::size_t i = 0; i < units.size(); ++i)
    (keys.insert(key_of(units[i])).second ? distinct : repeated).push_back(i);
  const auto build_at = [&](std::size_t index) {
    try {
      done[index] = build_one(units[index]);
    } catch (...) {
      failures[index] = std::current_exception();
    }
  };
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t at = 0; (at = next++) < distinct.size();) build_at(distinct[at]);
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(std::max<std::size_t>(parallel, 1), distinct.size()); ++i)
      helpers.emplace_back(work);
    work();
  }
  std::ranges::for_each(repeated, build_at);
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  std::vector<LoadedCode> loaded;
  for (std::optional<LoadedCode>& code : done) loaded.push_back(std::move(*code));
  return loaded;
}

}  // namespace bv2::engine::compiled
