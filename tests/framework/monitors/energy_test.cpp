// RAPL's counters on trees of powercap as kernels show them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/system_tree.h"

namespace bv2::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class EnergyTest : public testing::Test {
 protected:
  void zone(const std::string& id, const std::string& name, const std::string& energy_uj) {
    const std::string folder = "sys/class/powercap/" + id + "/";
    tree_.put(folder + "name", name + "\n");
    tree_.put(folder + "max_energy_range_uj", "262143328850\n");
    tree_.put(folder + "energy_uj", energy_uj + "\n");
  }
  SystemTree tree_;
};

TEST_F(EnergyTest, SumsPackagesAndDramAndNotTheirPartsNorTheWhole) {
  zone("intel-rapl:0", "package-0", "100");
  zone("intel-rapl:0:0", "core", "10");
  zone("intel-rapl:0:1", "dram", "20");
  zone("intel-rapl:1", "package-1", "300");
  zone("intel-rapl:1:0", "dram", "40");
  zone("intel-rapl:2", "psys", "1000");
  zone("intel-rapl-mmio:0", "package-0", "100");
  const auto source = energy_source(tree_.system());
  EXPECT_THAT(values_of(*source), ElementsAre(Pair("dram_energy_uj", 0), Pair("package_energy_uj", 0)))
      << "counted from when it was opened";
  zone("intel-rapl:0", "package-0", "1100");
  zone("intel-rapl:0:0", "core", "900");
  zone("intel-rapl:1", "package-1", "2300");
  zone("intel-rapl:1:0", "dram", "45");
  zone("intel-rapl:2", "psys", "9000");
  zone("intel-rapl-mmio:0", "package-0", "1100");
  EXPECT_THAT(values_of(*source), ElementsAre(Pair("dram_energy_uj", 5), Pair("package_energy_uj", 3000)));
}

TEST_F(EnergyTest, GoesOnWhereACounterBeginsAgain) {
  zone("intel-rapl:0", "package-0", "262143328000");
  const auto source = energy_source(tree_.system());
  zone("intel-rapl:0", "package-0", "150");
  EXPECT_EQ(values_of(*source)["package_energy_uj"], 1000);
  zone("intel-rapl:0", "package-0", "250");
  EXPECT_EQ(values_of(*source)["package_energy_uj"], 1100);
}

TEST_F(EnergyTest, KeepsItsValueWhileAFileCannotBeRead) {
  zone("intel-rapl:0", "package-0", "100");
  const auto source = energy_source(tree_.system());
  zone("intel-rapl:0", "package-0", "300");
  EXPECT_EQ(values_of(*source)["package_energy_uj"], 200);
  zone("intel-rapl:0", "package-0", "");
  EXPECT_EQ(values_of(*source)["package_energy_uj"], 200);
  zone("intel-rapl:0", "package-0", "350");
  EXPECT_EQ(values_of(*source)["package_energy_uj"], 250);
}

TEST_F(EnergyTest, SaysWhyThereIsNone) {
  const auto without = energy_source(tree_.system());
  EXPECT_THAT(without->counters(), IsEmpty());
  EXPECT_THAT(without->unavailable_reason(), HasSubstr("there is no"));
  tree_.put("sys/class/powercap/dtpm/name", "x\n");
  EXPECT_THAT(energy_source(tree_.system())->unavailable_reason(), HasSubstr("has no package"));
  zone("intel-rapl:0", "package-0", "");
  EXPECT_THAT(energy_source(tree_.system())->unavailable_reason(), HasSubstr("only root"));
}

}  // namespace
}  // namespace bv2::test
