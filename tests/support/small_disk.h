// A real file system of a few kilobytes, to run out of space on.
#pragma once

#include <sys/mount.h>

#include <filesystem>
#include <string>

namespace bv2::test {

/// Mounts a tmpfs on the folder, which needs the right to: where there is none, `mounted` says so.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, std::size_t size_bytes) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    const std::string options = "size=" + std::to_string(size_bytes);
    mounted_ = ::mount("none", folder_.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path folder_;
  bool mounted_ = false;
};

}  // namespace bv2::test
