// The memory of the process in an iteration: the kernel's high-water mark, and what is resident at the end.
#include <array>

#include "framework/memory_usage.h"
#include "framework/monitors/counter_names.h"
#include "framework/monitors/counter_source.h"

namespace bv2 {
namespace {

struct Field {
  std::string_view name;
  std::optional<std::int64_t> MemoryUsage::*value;
};
constexpr std::array all_fields{Field{peak_memory_counter, &MemoryUsage::peak},
                                Field{anonymous_memory_counter, &MemoryUsage::anonymous},
                                Field{file_memory_counter, &MemoryUsage::file_backed}};

class Memory final : public CounterSource {
 public:
  explicit Memory(const std::filesystem::path& process) : memory_(process) {
    const MemoryUsage usage = memory_.read();
    for (const Field& field : all_fields) {
      if (usage.*field.value) fields_.push_back(field);
    }
  }

  [[nodiscard]] std::vector<Counter> counters() const override {
    std::vector<Counter> counters;
    for (const Field& field : fields_) counters.push_back({field.name, CounterKind::level});
    return counters;
  }

  void begin_interval() override { memory_.reset(); }

  void read(std::span<std::int64_t> values) override {
    const MemoryUsage usage = memory_.read();
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      values[i] = (usage.*fields_[i].value).value_or(not_read);
    }
  }

 private:
  PeakMemory memory_;
  std::vector<Field> fields_;
};

}  // namespace

std::unique_ptr<CounterSource> memory_source(const MonitoredSystem& system) {
  return std::make_unique<Memory>(system.root / "proc/self");
}

}  // namespace bv2
