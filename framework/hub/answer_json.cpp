// JSON that comes from outside: read without trusting its shape.
#include "framework/hub/answer_json.h"

#include "framework/hub/url.h"

namespace bv2::hub {
namespace {

[[noreturn]] void fail_unlike_hub(const HttpResponse& response, std::string_view what) {
  fail("{}: {}: is HF_ENDPOINT a Hugging Face Hub?", without_secrets(response.url), what);
}

Json parse(const HttpResponse& response) {
  Json json = Json::parse(response.body, nullptr, false);
  if (json.is_discarded()) fail_unlike_hub(response, "the answer is no JSON");
  return json;
}

}  // namespace

Json answer_object(const HttpResponse& response) {
  Json json = parse(response);
  if (!json.is_object()) fail_unlike_hub(response, "the answer is no JSON object");
  return json;
}

Json answer_array(const HttpResponse& response) {
  Json json = parse(response);
  if (!json.is_array()) fail_unlike_hub(response, "the answer is no JSON array");
  return json;
}

const Json& at(const Json& json, const std::string& pointer) {
  static const Json none;
  const Json::json_pointer place(pointer);
  return json.contains(place) ? json.at(place) : none;
}

std::string text_at(const Json& json, const std::string& pointer) {
  const Json& value = at(json, pointer);
  return value.is_string() ? value.get<std::string>() : "";
}

std::string needed_text(const Json& json, const std::string& pointer, const HttpResponse& response) {
  const Json& value = at(json, pointer);
  if (!value.is_string()) fail_unlike_hub(response, fmt::format("the answer has no '{}'", pointer.substr(1)));
  return value;
}

}  // namespace bv2::hub
