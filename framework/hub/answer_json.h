// JSON that comes from outside: read without trusting its shape.
#pragma once

#include <string>

#include "base/json.h"
#include "framework/hub/http_message.h"

namespace bv2::hub {

/// The answer as an object or an array. Throws Error naming the address where it is something else.
Json answer_object(const HttpResponse& response);
Json answer_array(const HttpResponse& response);

/// What is at the JSON pointer ("/actions/upload"), or null.
const Json& at(const Json& json, const std::string& pointer);
/// The text there, or "".
std::string text_at(const Json& json, const std::string& pointer);
/// The text of a field without which the answer is useless. Throws Error naming the address.
std::string needed_text(const Json& json, const std::string& pointer, const HttpResponse& response);

}  // namespace bv2::hub
