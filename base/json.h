// JSON: files read with errors that name them, and structures read and written from one description of their
// fields.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace bv2 {

/// Keeps the order in which fields were described.
using Json = nlohmann::ordered_json;

/// Parses a whole file. Throws Error with the path and the place of the fault.
Json read_json(const std::filesystem::path& path);
/// Parses text; `source` names it in the Error.
Json parse_json(std::string_view text, std::string_view source);
/// The text of a document: indented by two spaces, arrays of plain values on one line, a final newline.
/// Non-finite numbers become null and invalid UTF-8 is replaced.
std::string json_text(const Json& document);
/// Writes json_text atomically.
void write_json(const std::filesystem::path& path, const Json& document);

/// A structure is described once:
///   struct Phases {
///     double load_seconds = 0;
///     template <class Self, class Visit> static void fields(Self& self, Visit&& visit) {
///     visit("load_seconds", self.load_seconds); }
///   };
/// and to_json / from_json follow from that.
template <class T>
concept Described = requires(T& value) {
  T::fields(value, [](std::string_view, auto&) {});
};

/// An enumeration whose namespace has `std::span<const std::string_view> enum_names(E)`: the names in the
/// order of the enumerators. It is written as its name.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  { enum_names(e) } -> std::convertible_to<std::span<const std::string_view>>;
};

/// The name of an enumerator.
template <NamedEnum E>
std::string_view enum_name(E value) {
  return std::span<const std::string_view>(enum_names(value))[static_cast<std::size_t>(value)];
}

/// A value that may be missing, and is then left out of its object rather than written as null.
template <class T>
struct Omittable : std::optional<T> {
  using std::optional<T>::optional;
};

/// Named values that are written as an object, in this order.
template <class T>
using NamedValues = std::vector<std::pair<std::string, T>>;

template <class T>
Json to_json(const T& value);
template <class T>
void from_json_value(const Json& json, T& value, std::string_view where);

namespace detail {

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_optional<Omittable<T>> : std::true_type {};
template <class T>
struct is_omittable : std::false_type {};
template <class T>
struct is_omittable<Omittable<T>> : std::true_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_array : std::false_type {};
template <class T, std::size_t N>
struct is_array<std::array<T, N>> : std::true_type {};
template <class T>
struct is_named_values : std::false_type {};
template <class T>
struct is_named_values<NamedValues<T>> : std::true_type {};
template <class T>
struct is_named_values<std::map<std::string, T>> : std::true_type {};

}  // namespace detail

/// Null for an empty optional and for a number that is not finite, an object for a described structure and
/// for named values, an array for a vector, the name of an enumerator, else the value itself.
template <class T>
Json to_json(const T& value) {
  if constexpr (Described<T>) {
    Json object = Json::object();
    T::fields(value, [&](std::string_view name, const auto& field) {
      if constexpr (detail::is_omittable<std::remove_cvref_t<decltype(field)>>::value) {
        if (!field) return;
      }
      object[std::string(name)] = to_json(field);
    });
    return object;
  } else if constexpr (detail::is_named_values<T>::value) {
    Json object = Json::object();
    for (const auto& [name, element] : value) object[name] = to_json(element);
    return object;
  } else if constexpr (detail::is_optional<T>::value) {
    return value ? to_json(*value) : Json(nullptr);
  } else if constexpr (detail::is_vector<T>::value || detail::is_array<T>::value) {
    Json array = Json::array();
    for (const auto& element : value) array.push_back(to_json(element));
    return array;
  } else if constexpr (NamedEnum<T>) {
    return Json(std::string(enum_name(value)));
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  } else {
    return Json(value);
  }
}

/// Reads what to_json writes. A field that is absent keeps its value, but an omittable one is
/// then missing; one that is not described, or of a
/// wrong type, throws UsageError that names it and `where` it stands.
template <class T>
void from_json_value(const Json& json, T& value, std::string_view where) {
  if constexpr (Described<T>) {
    if (!json.is_object()) fail<UsageError>("{}: an object was expected, found {}", where, json.type_name());
    T::fields(value, [&](std::string_view name, auto& field) {
      if constexpr (detail::is_omittable<std::remove_cvref_t<decltype(field)>>::value) {
        if (!json.contains(std::string(name))) field.reset();
      }
    });
    for (const auto& [key, member] : json.items()) {
      bool known = false;
      T::fields(value, [&, &key = key, &member = member](std::string_view name, auto& field) {
        if (name != key) return;
        known = true;
        from_json_value(member, field, fmt::format("{}: {}", where, name));
      });
      if (!known) fail<UsageError>("{}: the field '{}' is not known", where, key);
    }
  } else if constexpr (detail::is_optional<T>::value) {
    if (json.is_null()) {
      value.reset();
      return;
    }
    value.emplace();
    from_json_value(json, *value, where);
  } else if constexpr (detail::is_named_values<T>::value) {
    if (!json.is_object()) fail<UsageError>("{}: an object was expected, found {}", where, json.type_name());
    value.clear();
    for (const auto& [key, member] : json.items()) {
      typename T::value_type::second_type element{};
      from_json_value(member, element, fmt::format("{}: {}", where, key));
      value.insert(value.end(), {key, std::move(element)});
    }
  } else if constexpr (detail::is_vector<T>::value) {
    if (!json.is_array()) fail<UsageError>("{}: an array was expected, found {}", where, json.type_name());
    value.clear();
    for (const auto& element : json) from_json_value(element, value.emplace_back(), where);
  } else if constexpr (detail::is_array<T>::value) {
    if (!json.is_array() || json.size() != value.size()) {
      fail<UsageError>("{}: an array of {} was expected, found {}", where, value.size(), json.dump());
    }
    for (std::size_t i = 0; i < value.size(); ++i) from_json_value(json[i], value[i], where);
  } else if constexpr (NamedEnum<T>) {
    const std::span<const std::string_view> names = enum_names(value);
    const auto found = std::ranges::find(names, json.is_string() ? json.get<std::string>() : std::string());
    if (found == names.end()) fail<UsageError>("{}: {} does not fit", where, json.dump());
    value = static_cast<T>(found - names.begin());
  } else if constexpr (std::is_same_v<T, Json>) {
    value = json;
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number() && !json.is_null()) fail<UsageError>("{}: {} does not fit", where, json.dump());
    value = json.is_null() ? std::numeric_limits<T>::quiet_NaN() : json.get<T>();
  } else {
    const bool right_type = std::is_same_v<T, bool> ? json.is_boolean()
                            : std::is_integral_v<T> ? json.is_number_integer()
                                                    : json.is_string();
    if (!right_type) fail<UsageError>("{}: {} does not fit", where, json.dump());
    value = json.get<T>();
  }
}

}  // namespace bv2
