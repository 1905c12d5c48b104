// What a fake device library is told to do: words of the environment variable FAKE_GPU, such as
// "devices=2 fail.nvmlDeviceGetPowerUsage=15 lost.1=3 sleep_ms.nvmlDeviceGetPowerUsage=100 power=250000".
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

namespace fake {

inline double number(const std::string& key, double otherwise) {
  const char* const words = std::getenv("FAKE_GPU");
  const std::string text = std::string(" ") + (words == nullptr ? "" : words);
  const std::size_t at = text.find(" " + key + "=");
  return at == std::string::npos ? otherwise : std::atof(text.c_str() + at + key.size() + 2);
}

inline long long whole(const std::string& key, long long otherwise) {
  return static_cast<long long>(number(key, static_cast<double>(otherwise)));
}

/// What a function returns, 0 where nothing else is asked for; takes its time where it is told to.
inline int result_of(const std::string& function) {
  const auto sleep_ms = whole("sleep_ms." + function, 0);
  if (sleep_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(sleep_ms));
  const char* const words = std::getenv("FAKE_GPU");
  if (words != nullptr && std::string(words).find("crash=" + function) != std::string::npos) {
    std::signal(SIGSEGV, SIG_DFL);  // sanitizers have a handler of their own
    std::raise(SIGSEGV);
  }
  return static_cast<int>(whole("fail." + function, 0));
}

/// Whether a device is gone: after lost.N readings of it. `begins`: this call is a reading's first.
inline bool lost(std::size_t device, bool begins = false) {
  static std::atomic<long long> readings[16];
  if (begins) ++readings[device];
  const auto last = whole("lost." + std::to_string(device), -1);
  return last >= 0 && readings[device].load() > last;
}

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace fake
