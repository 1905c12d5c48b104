// The values of options: text to numbers and known names, with errors that name the option.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bv2::app {

/// The number. Throws UsageError unless it is a whole number from `least` to `most`.
std::int64_t parse_integer(std::string_view option, std::string_view text, std::int64_t least,
                           std::int64_t most);

/// A time in nanoseconds: a number and ms, s, m or h ("1.5h"); without a unit, seconds. Throws UsageError.
std::int64_t parse_duration_ns(std::string_view option, std::string_view text);

/// An amount of memory in bytes: a number and k, m or g (powers of 1024), or none. Throws UsageError.
std::int64_t parse_bytes(std::string_view option, std::string_view text);

/// A share: "1%" or "0.01", more than 0 and less than 1. Throws UsageError.
double parse_share(std::string_view option, std::string_view text);

/// The name of `known` that the text is, case aside. Throws UsageError with the closest one and all of them.
std::string parse_choice(std::string_view option, std::string_view text,
                         std::span<const std::string_view> known);

/// The one of `known` that was probably meant, or an empty text when none is near: at most a third of the
/// letters differ.
std::string_view closest(std::string_view text, std::span<const std::string_view> known);

/// ", did you mean 'X'?" for the closest of `known`, else nothing.
std::string suggestion(std::string_view text, std::span<const std::string_view> known);

}  // namespace bv2::app
