// The header of a safetensors file: parsing, checking, formatting.
#include "base/safetensors_header.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "base/json.h"
#include "base/shown_text.h"

namespace bv2 {
namespace {

constexpr std::uint64_t length_bytes = 8;
constexpr std::uint64_t max_header_bytes = 100'000'000;
constexpr std::size_t max_rank = 64;
constexpr std::string_view metadata_key = "__metadata__";

std::string known_dtypes() {
  std::vector<std::string_view> names;
  for (const DtypeInfo& dtype : dtype_table()) names.push_back(dtype.safetensors_name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Takes the header's JSON event by event, so that nothing but what a header may hold is ever stored.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(SafetensorsHeader& header, std::string_view source) : header_(header), source_(source) {}

  bool null() override { return unexpected("null"); }
  bool boolean(bool /*value*/) override { return unexpected("a boolean"); }
  bool number_float(double /*value*/, const std::string& text) override { return unexpected(shown(text)); }
  bool binary(binary_t& /*value*/) override { return unexpected("binary data"); }
  bool number_integer(std::int64_t value) override { return unexpected(fmt::format("{}", value)); }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ != Place::shape && place_ != Place::offsets) return unexpected(fmt::format("{}", value));
    return place_ == Place::offsets ? add_offset(value) : add_size(value);
  }

  bool string(std::string& value) override {
    if (place_ == Place::metadata) {
      header_.metadata[field_] = value;
      return true;
    }
    if (place_ != Place::entry || field_ != "dtype") return unexpected(fmt::format("'{}'", shown(value)));
    dtype_ = dtype_from_safetensors_name(value);
    if (!dtype_) {
      fail("'{}': tensor '{}': the dtype '{}' is not known (known: {})", source_, shown(entry_.name),
           shown(value), known_dtypes());
    }
    return true;
  }

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::outside) {
      place_ = Place::header;
    } else if (place_ == Place::header) {
      place_ = field_ == metadata_key ? Place::metadata : Place::entry;
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool key(std::string& value) override {
    field_ = std::move(value);
    if (place_ == Place::header) {
      start_entry();
    } else if (!fields_.insert(field_).second) {
      fail("'{}': '{}' has the field '{}' twice", source_, shown(entry_.name), shown(field_));
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::entry) finish_entry();
    place_ = place_ == Place::header ? Place::outside : Place::header;
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    const bool shape = field_ == "shape";
    if (place_ != Place::entry || (!shape && field_ != "data_offsets")) return unexpected("an array");
    place_ = shape ? Place::shape : Place::offsets;
    return true;
  }

  bool end_array() override {
    place_ = Place::entry;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    fail("'{}': the header is not valid JSON (at its byte {})", source_, position);
  }

 private:
  enum class Place { outside, header, metadata, entry, shape, offsets };

  bool unexpected(std::string_view found) const {
    if (place_ == Place::outside) fail("'{}': the header is {}, an object was expected", source_, found);
    if (place_ == Place::header) {
      fail("'{}': '{}' is {}, an object was expected", source_, shown(field_), found);
    }
    if (place_ == Place::metadata) {
      fail("'{}': {}: '{}' is {}, a text was expected", source_, metadata_key, shown(field_), found);
    }
    fail(
        "'{}': tensor '{}': the field '{}' has {} (expected dtype: a text, shape: sizes, data_offsets: two "
        "offsets)",
        source_, shown(entry_.name), shown(field_), found);
  }

  bool add_offset(std::uint64_t value) {
    if (offsets_.size() == 2) {
      fail("'{}': tensor '{}' has more than two data_offsets", source_, shown(entry_.name));
    }
    offsets_.push_back(value);
    return true;
  }

  bool add_size(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return unexpected(fmt::format("{}", value));
    if (entry_.shape.size() == max_rank) {
      fail("'{}': tensor '{}' has more than {} dimensions", source_, shown(entry_.name), max_rank);
    }
    entry_.shape.push_back(static_cast<std::int64_t>(value));
    return true;
  }

  void start_entry() {
    if (!names_.insert(field_).second) fail("'{}': '{}' is there twice", source_, shown(field_));
    entry_ = SafetensorsEntry();
    entry_.name = field_;
    dtype_.reset();
    offsets_.clear();
    fields_.clear();
  }

  void finish_entry() {
    for (const std::string_view field : {"dtype", "shape", "data_offsets"}) {
      if (!fields_.contains(std::string(field))) {
        fail("'{}': tensor '{}' has no {}", source_, shown(entry_.name), field);
      }
    }
    if (fields_.size() != 3) {
      const auto other = std::ranges::find_if(fields_, [](const std::string& field) {
        return field != "dtype" && field != "shape" && field != "data_offsets";
      });
      fail("'{}': tensor '{}' has the field '{}' that is not known", source_, shown(entry_.name),
           shown(*other));
    }
    if (offsets_.size() != 2) {
      fail("'{}': tensor '{}' has {} data_offsets, two were expected", source_, shown(entry_.name),
           offsets_.size());
    }
    entry_.dtype = *dtype_;
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    header_.entries.push_back(std::move(entry_));
  }

  SafetensorsHeader& header_;
  std::string_view source_;
  Place place_ = Place::outside;
  std::string field_;
  SafetensorsEntry entry_;
  std::optional<Dtype> dtype_;
  std::vector<std::uint64_t> offsets_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> fields_;
};

/// Bytes that shape and dtype need; none when that is beyond 63 bits, sizes of 0 taken for 1: strides are
/// products too.
std::optional<std::uint64_t> needed_bytes(const SafetensorsEntry& entry) {
  auto bytes = static_cast<std::int64_t>(bv2::size_bytes(entry.dtype));
  for (const std::int64_t size : entry.shape) {
    if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(size, 1), &bytes)) return std::nullopt;
  }
  const bool empty = std::ranges::find(entry.shape, 0) != entry.shape.end();
  return empty ? 0 : static_cast<std::uint64_t>(bytes);
}

void check_entry(const SafetensorsEntry& entry, std::uint64_t data_bytes, std::string_view source) {
  if (entry.begin > entry.end) {
    fail("'{}': tensor '{}': its data_offsets [{}, {}] decrease", source, shown(entry.name), entry.begin,
         entry.end);
  }
  if (entry.end > data_bytes) {
    fail("'{}': tensor '{}' ends at byte {} of the data, the file has {} (was it truncated?)", source,
         shown(entry.name), entry.end, data_bytes);
  }
  const std::optional<std::uint64_t> needed = needed_bytes(entry);
  if (needed == entry.size_bytes()) return;
  fail("'{}': tensor '{}': {} [{}] needs {} bytes, its data_offsets [{}, {}] give {}", source,
       shown(entry.name), name(entry.dtype), fmt::join(entry.shape, ", "),
       needed ? fmt::format("{}", *needed) : "2^63 or more", entry.begin, entry.end, entry.size_bytes());
}

/// The tensors must follow one another from 0 to data_bytes.
void check_coverage(const std::vector<SafetensorsEntry>& entries, std::uint64_t data_bytes,
                    std::string_view source) {
  std::uint64_t covered = 0;
  std::string before = "the header";
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin < covered) {
      fail("'{}': tensor '{}' overlaps '{}' (it begins at byte {}, {} was expected)", source,
           shown(entry.name), before, entry.begin, covered);
    }
    if (entry.begin > covered) {
      fail("'{}': a hole of {} bytes before tensor '{}' (it begins at byte {}, {} was expected)", source,
           entry.begin - covered, shown(entry.name), entry.begin, covered);
    }
    covered = entry.end;
    before = shown(entry.name);
  }
  if (covered != data_bytes) {
    fail("'{}': {} bytes after the last tensor ('{}') belong to none", source, data_bytes - covered, before);
  }
}

std::uint64_t read_header_length(std::span<const std::byte> file, std::string_view source) {
  if (file.size() < length_bytes) {
    fail("'{}' is no safetensors file: it has {} bytes, at least {} were expected", source, file.size(),
         length_bytes);
  }
  std::uint64_t length = 0;
  for (std::size_t index = length_bytes; index-- > 0;) {
    length = (length << 8U) | std::to_integer<std::uint64_t>(file[index]);
  }
  if (length > max_header_bytes) {
    fail("'{}' is no safetensors file: its header would have {} bytes, at most {} are allowed", source,
         length, max_header_bytes);
  }
  if (length > file.size() - length_bytes) {
    fail("'{}': the header should have {} bytes, the file has {} after its length (was it truncated?)",
         source, length, file.size() - length_bytes);
  }
  return length;
}

std::string compact_text(const Json& document) {
  try {
    return document.dump();
  } catch (const nlohmann::json::type_error&) {
    fail("a tensor's name or the metadata of a safetensors file is not valid UTF-8");
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file, std::string_view source) {
  const std::uint64_t header_bytes = read_header_length(file, source);
  const std::string_view text(reinterpret_cast<const char*>(file.data() + length_bytes), header_bytes);
  if (!text.starts_with('{')) {
    fail("'{}' is no safetensors file: its header does not begin with '{{'", source);
  }
  SafetensorsHeader header;
  HeaderReader reader(header, source);
  nlohmann::json::sax_parse(text, &reader);
  const std::uint64_t data_begin = length_bytes + header_bytes;
  const std::uint64_t data_bytes = file.size() - data_begin;
  for (const SafetensorsEntry& entry : header.entries) check_entry(entry, data_bytes, source);
  std::ranges::sort(header.entries, {},
                    [](const SafetensorsEntry& entry) { return std::pair(entry.begin, entry.end); });
  check_coverage(header.entries, data_bytes, source);
  for (SafetensorsEntry& entry : header.entries) {
    entry.begin += data_begin;
    entry.end += data_begin;
  }
  return header;
}

std::string format_safetensors_header(SafetensorsHeader& header) {
  // Wider elements first: the data begin at a multiple of 8, so each tensor is aligned to its elements.
  std::ranges::stable_sort(header.entries, std::greater{},
                           [](const SafetensorsEntry& entry) { return bv2::size_bytes(entry.dtype); });
  Json document = Json::object();
  auto& members = document.get_ref<Json::object_t&>();
  if (!header.metadata.empty()) members.emplace_back(metadata_key, header.metadata);
  std::uint64_t offset = 0;
  for (SafetensorsEntry& entry : header.entries) {
    if (entry.name == metadata_key) fail("a tensor cannot be called '{}'", metadata_key);
    const std::optional<std::uint64_t> bytes = needed_bytes(entry);
    if (!bytes) fail("tensor '{}' is too large to be written", entry.name);
    entry.begin = offset;
    entry.end = offset += *bytes;
    Json described = Json::object();
    described["dtype"] = info(entry.dtype).safetensors_name;
    described["shape"] = entry.shape;
    described["data_offsets"] = {entry.begin, entry.end};
    members.emplace_back(entry.name, std::move(described));
  }
  std::string text = compact_text(document);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string with_length;
  for (std::size_t byte = 0; byte < length_bytes; ++byte) {
    with_length.push_back(static_cast<char>(text.size() >> (8 * byte)));
  }
  return with_length + text;
}

}  // namespace bv2
