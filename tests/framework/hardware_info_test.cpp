// What the machine says of itself, from copies of what other machines say.
#include "framework/hardware_info.h"

#include <gmock/gmock.h>

#include "support/temporary_folder.h"

namespace bv2 {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr std::string_view cpuinfo =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9R14\n"
    "flags\t\t: fpu sse2 avx avx2 fma f16c avx512f avx512bw avx512_bf16 avx512_vnni hypervisor\n\n"
    "processor\t: 1\nmodel name\t: AMD EPYC 9R14\nflags\t\t: fpu\n";

void write_cache(const test::TemporaryFolder& root, int cpu, int index, std::string_view level,
                 std::string_view type, std::string_view size, std::string_view sharers) {
  const std::string folder =
      "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index" + std::to_string(index) + "/";
  root.write(folder + "level", std::string(level) + "\n");
  root.write(folder + "type", std::string(type) + "\n");
  root.write(folder + "size", std::string(size) + "\n");
  root.write(folder + "shared_cpu_list", std::string(sharers) + "\n");
}

TEST(HardwareInfo, ReadsAMachine) {
  const test::TemporaryFolder root;
  root.write("proc/cpuinfo", cpuinfo);
  root.write("proc/meminfo", "MemTotal:       24678400 kB\nMemFree:  100 kB\n");
  root.write("proc/loadavg", "0.50 1.25 2.00 1/100 4242\n");
  root.write("proc/sys/kernel/osrelease", "6.1.0-13-amd64\n");
  root.write("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
  root.write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  root.write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  root.write("sys/devices/system/node/node0/cpulist", "0\n");
  root.write("sys/devices/system/node/node1/cpulist", "1\n");
  root.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  for (const int cpu : {0, 1}) {
    write_cache(root, cpu, 0, "1", "Data", "32K", std::to_string(cpu));
    write_cache(root, cpu, 1, "1", "Instruction", "32K", std::to_string(cpu));
    write_cache(root, cpu, 2, "2", "Unified", "1024K", std::to_string(cpu));
    write_cache(root, cpu, 3, "3", "Unified", "32M", "0-1");
  }
  const HardwareInfo info = read_hardware_info({{"a library", "1.2"}}, root.path());
  EXPECT_EQ(info.cpu_name, "AMD EPYC 9R14");
  EXPECT_EQ(info.cpu_count, 2);
  EXPECT_EQ(info.memory_total, 24100);
  EXPECT_EQ(info.isa, "avx512_bf16");
  EXPECT_THAT(info.isa_features, ElementsAre("sse2", "avx", "f16c", "fma", "avx2", "avx512f", "avx512bw",
                                             "avx512_vnni", "avx512_bf16"));
  EXPECT_EQ(info.virtualised, true);
  EXPECT_EQ(info.os, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(info.kernel, "6.1.0-13-amd64");
  EXPECT_EQ(info.governor, "performance");
  EXPECT_EQ(info.transparent_huge_pages, "madvise");
  EXPECT_EQ(info.numa_nodes, 2);
  EXPECT_EQ(info.cpu_quota, 1.5);
  EXPECT_THAT(*info.load_average, ElementsAre(0.5, 1.25, 2.0));
  EXPECT_THAT(info.libraries, ElementsAre(Pair("a library", "1.2")));
  ASSERT_EQ(info.caches.size(), 4U);
  EXPECT_EQ(info.caches.at("L1d").size_bytes, 32 << 10);
  EXPECT_EQ(info.caches.at("L1d").count, 2);
  EXPECT_EQ(info.caches.at("L1i").count, 2);
  EXPECT_EQ(info.caches.at("L2").size_bytes, 1 << 20);
  EXPECT_EQ(info.caches.at("L3").size_bytes, 32 << 20);
  EXPECT_EQ(info.caches.at("L3").count, 1);
  EXPECT_FALSE(info.gpu_name);
  EXPECT_FALSE(info.gpu_memory_total);
}

TEST(HardwareInfo, ReadsAnArmMachine) {
  const test::TemporaryFolder root;
  root.write("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd sve\n");
  const HardwareInfo info = read_hardware_info({}, root.path());
  EXPECT_EQ(info.isa, "sve");
  EXPECT_FALSE(info.cpu_name);
  EXPECT_EQ(info.virtualised, false);
}

TEST(HardwareInfo, UnlimitedQuotaIsNone) {
  const test::TemporaryFolder root;
  root.write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_FALSE(read_hardware_info({}, root.path()).cpu_quota);
}

TEST(HardwareInfo, WhatIsNotToldIsMissing) {
  const test::TemporaryFolder root;
  const Json json = to_json(read_hardware_info({}, root.path()));
  for (const char* const name :
       {"cpu_name", "cpu_count", "memory_total", "isa", "os", "kernel", "governor", "numa_nodes",
        "virtualised", "load_average", "measured_peaks", "cpu_quota", "transparent_huge_pages"}) {
    EXPECT_TRUE(json.at(name).is_null()) << name;
  }
  EXPECT_TRUE(json.at("caches").empty());
  EXPECT_FALSE(json.at("compiler").get<std::string>().empty());
}

TEST(HardwareInfo, NonsenseIsMissing) {
  const test::TemporaryFolder root;
  root.write("proc/meminfo", "MemTotal: many kB\n");
  root.write("proc/loadavg", "high\n");
  root.write("proc/cpuinfo", std::string(100'000, ':'));
  write_cache(root, 0, 0, "1", "Data", "99999999999999999999K", "0");
  const HardwareInfo info = read_hardware_info({}, root.path());
  EXPECT_FALSE(info.memory_total);
  EXPECT_FALSE(info.load_average);
  EXPECT_TRUE(info.caches.empty());
}

TEST(HardwareInfo, OfThisMachineIsComplete) {
  const HardwareInfo info = read_hardware_info();
  EXPECT_GT(info.cpu_count.value(), 0);
  EXPECT_GT(info.memory_total.value(), 100);
  EXPECT_TRUE(info.os);
  EXPECT_TRUE(info.kernel);
  EXPECT_GE(info.cpu_count.value(), info.allowed_cpu_count.value());
}

}  // namespace
}  // namespace bv2
