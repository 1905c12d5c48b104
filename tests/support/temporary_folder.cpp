// A folder of a test's own that goes away with it.
#include "support/temporary_folder.h"

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace bv2::test {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "bv2_test_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) fail("no temporary folder can be made");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryFolder::write(std::string_view name, std::string_view content) const {
  const std::filesystem::path file = path_ / name;
  write_file_atomically(file, content);
  return file;
}

}  // namespace bv2::test
