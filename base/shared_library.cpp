// Shared libraries that are opened at run time.
#include "base/shared_library.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace bv2 {
namespace {

/// The loader's last complaint in one line, without the path that it mostly begins with.
std::string loader_reason(const std::string& path) {
  const char* said = ::dlerror();
  std::string reason = said == nullptr ? "the loader gave no reason" : said;
  if (reason.starts_with(path + ": ")) reason.erase(0, path.size() + 2);
  std::ranges::replace(reason, '\n', ' ');
  return reason;
}

int note_version(dl_phdr_info* info, std::size_t /*size*/, void* data) {
  auto& versions = *static_cast<std::map<std::string, std::string>*>(data);
  std::error_code error;
  const auto file = std::filesystem::canonical(info->dlpi_name, error).filename().string();
  constexpr std::string_view separator = ".so.";
  const auto at = file.find(separator);
  if (!error && at != std::string::npos) versions[file.substr(0, at)] = file.substr(at + separator.size());
  return 0;
}

}  // namespace

// RTLD_NODELETE: closing does not unmap. A library may have brought threads with it (OpenMP's pool) that
// outlive the last use of it, and they must not lose their code.
SharedLibrary::SharedLibrary(const std::filesystem::path& path)
    : handle_(::dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)) {
  if (handle_ == nullptr) {
    fail("cannot load '{}': {}", path.string(), loader_reason(std::filesystem::absolute(path).string()));
  }
}

SharedLibrary SharedLibrary::searched(const std::string& name) {
  SharedLibrary library;
  library.handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library.handle_ == nullptr) fail("cannot load '{}': {}", name, loader_reason(name));
  return library;
}

SharedLibrary::~SharedLibrary() {
  if (handle_ != nullptr) ::dlclose(handle_);
}

SharedLibrary::SharedLibrary(SharedLibrary&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)) {}

SharedLibrary& SharedLibrary::operator=(SharedLibrary&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

void* SharedLibrary::symbol(const std::string& name) const {
  void* found = ::dlsym(handle_, name.c_str());
  if (found == nullptr) return nullptr;
  // dlsym also searches what the library links, where the name would be somebody else's.
  Dl_info where{};
  link_map* own = nullptr;
  link_map* its = nullptr;
  const bool known = ::dladdr1(found, &where, reinterpret_cast<void**>(&its), RTLD_DL_LINKMAP) != 0 &&
                     ::dlinfo(handle_, RTLD_DI_LINKMAP, &own) == 0;
  return known && own == its ? found : nullptr;
}

std::map<std::string, std::string> loaded_library_versions() {
  std::map<std::string, std::string> versions;
  ::dl_iterate_phdr(note_version, &versions);
  return versions;
}

}  // namespace bv2
