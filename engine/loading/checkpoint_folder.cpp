// The folder of a checkpoint: that it is one, and which of its files hold weights.
#include "engine/loading/checkpoint_folder.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/shown_text.h"

namespace bv2::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view single_name = "model.safetensors";
constexpr std::string_view index_name = "model.safetensors.index.json";

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// Reads the weight_map of an index event by event: the index of a large mixture of experts has tens of
/// thousands of names, which bv2::Json would search one by one for each.
class IndexReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  IndexReader(std::string source) : source_(std::move(source)) {}

  std::map<std::string, std::string, std::less<>> weight_map;  // tensor -> shard
  bool has_weight_map = false;

  bool null() override { return other_value("null"); }
  bool boolean(bool /*value*/) override { return other_value("a boolean"); }
  bool number_integer(std::int64_t /*value*/) override { return other_value("a number"); }
  bool number_unsigned(std::uint64_t /*value*/) override { return other_value("a number"); }
  bool number_float(double /*value*/, const std::string& /*text*/) override {
    return other_value("a number");
  }
  bool binary(binary_t& /*value*/) override { return other_value("binary data"); }
  bool string(std::string& value) override {
    if (!in_weight_map()) return other_value("a text");
    if (!weight_map.emplace(key_, value).second)
      fail("'{}': weight_map has '{}' twice", source_, shown(key_));
    return true;
  }
  bool start_object(std::size_t /*size*/) override {
    if (depth_ == 1 && key_ == "weight_map") {
      has_weight_map = true;
    } else if (depth_ > 0) {
      other_value("an object");
    }
    ++depth_;
    return true;
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t /*size*/) override {
    other_value("an array");
    ++depth_;
    return true;
  }
  bool end_array() override { return leave(); }
  bool key(std::string& value) override {
    if (depth_ == 1) section_ = value;
    key_ = std::move(value);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    fail("'{}' is not valid JSON (at byte {})", source_, position);
  }

 private:
  [[nodiscard]] bool in_weight_map() const { return depth_ == 2 && section_ == "weight_map"; }
  bool leave() {
    --depth_;
    return true;
  }
  /// Fine anywhere but where the map and its texts stand.
  bool other_value(std::string_view found) const {
    if (depth_ == 0) fail("'{}' is {}, an object was expected", source_, found);
    if (depth_ == 1 && key_ == "weight_map") {
      fail("'{}': weight_map is {}, an object was expected", source_, found);
    }
    if (in_weight_map())
      fail("'{}': weight_map: '{}' is {}, a file name was expected", source_, shown(key_), found);
    return true;
  }

  std::string source_;
  std::string section_;
  std::string key_;
  int depth_ = 0;
};

void require_plain_name(const std::string& shard, const std::string& tensor, const fs::path& index) {
  const bool plain = !shard.empty() && shard != "." && shard != ".." &&
                     shard.find('/') == std::string::npos && shard.find('\\') == std::string::npos &&
                     shard.find('\0') == std::string::npos;
  if (plain) return;
  fail("'{}': the shard '{}' of tensor '{}' is not a plain file name", index.string(), shown(shard),
       shown(tensor));
}

WeightFiles read_index(const fs::path& folder) {
  WeightFiles found;
  found.index_path = folder / index_name;
  IndexReader reader(found.index_path.string());
  nlohmann::json::sax_parse(read_file(found.index_path), &reader);
  if (!reader.has_weight_map || reader.weight_map.empty()) {
    fail("'{}' lists no tensors (an object weight_map was expected)", found.index_path.string());
  }
  for (const auto& [tensor, shard] : reader.weight_map) {
    require_plain_name(shard, tensor, found.index_path);
    const fs::path path = folder / shard;
    auto place = std::ranges::find(found.files, path);
    if (place == found.files.end()) {
      if (!is_file(path)) {
        fail("'{}': the shard '{}' is not in the folder (tensor '{}' is in it)", found.index_path.string(),
             shown(shard), shown(tensor));
      }
      place = found.files.insert(found.files.end(), path);
    }
    found.index.emplace(tensor, static_cast<std::size_t>(place - found.files.begin()));
  }
  return found;
}

/// A file that shows that the weights are there in a form that is not read.
std::string weights_in_another_format(const fs::path& folder) {
  constexpr std::string_view endings[] = {".bin",  ".pt", ".pth",     ".ckpt",
                                          ".gguf", ".h5", ".msgpack", ".onnx"};
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); })) {
      return name;
    }
  }
  return {};
}

}  // namespace

void require_checkpoint_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    fail<UsageError>("'{}' is not a folder (a checkpoint is a folder with config.json and model.safetensors)",
                     folder.string());
  }
  if (!is_file(folder / "config.json")) {
    fail<UsageError>(
        "'{}' has no config.json (a checkpoint is a folder with config.json and model.safetensors)",
        folder.string());
  }
}

WeightFiles find_weight_files(const fs::path& folder) {
  if (is_file(folder / single_name)) return {.files = {folder / single_name}, .index = {}, .index_path = {}};
  if (is_file(folder / index_name)) return read_index(folder);
  const std::string other = weights_in_another_format(folder);
  if (other.empty()) fail("'{}' has no {} and no {}", folder.string(), single_name, index_name);
  fail("'{}' has its weights as '{}' only; {} is needed (save_pretrained of transformers writes it)",
       folder.string(), other, single_name);
}

}  // namespace bv2::engine
