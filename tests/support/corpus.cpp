// The inputs that fuzzing has kept.
#include "support/corpus.h"

#include <filesystem>

#include "base/file.h"
#include "support/data.h"

namespace bv2::test {

std::size_t replay_corpus(std::string_view name,
                          const std::function<void(std::span<const std::byte>)>& target) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir() / "fuzz" / name)) {
    const std::string content = read_file(entry.path());
    target(std::as_bytes(std::span(content)));
    ++count;
  }
  return count;
}

}  // namespace bv2::test
