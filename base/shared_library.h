// Shared libraries that are opened at run time.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace bv2 {

/// A shared library that stays open as long as this lives. Movable.
class SharedLibrary {
 public:
  /// Resolves all its symbols now. Throws Error with the path and the loader's reason, in one line.
  explicit SharedLibrary(const std::filesystem::path& path);
  /// The same, but a name without a folder is looked for where the system's loader does.
  static SharedLibrary searched(const std::string& name);
  ~SharedLibrary();
  SharedLibrary(SharedLibrary&& other) noexcept;
  SharedLibrary& operator=(SharedLibrary&& other) noexcept;
  SharedLibrary(const SharedLibrary&) = delete;
  SharedLibrary& operator=(const SharedLibrary&) = delete;

  /// The function of that C name, or null where the library itself has none (those of the libraries that it
  /// links do not count).
  template <class Function>
  [[nodiscard]] Function* function(const std::string& name) const {
    return reinterpret_cast<Function*>(symbol(name));
  }

 private:
  SharedLibrary() = default;
  [[nodiscard]] void* symbol(const std::string& name) const;

  void* handle_ = nullptr;
};

/// The shared libraries in this process that carry a version in their file name: "libdnnl" -> "2.6".
std::map<std::string, std::string> loaded_library_versions();

}  // namespace bv2
