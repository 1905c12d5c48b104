// Headers of safetensors files: what is accepted, and what each fault is called.
#include "base/safetensors_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "support/error_text.h"

namespace bv2 {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A file with that header and so many zero bytes of data. `length`: what the file says of its header's
/// length.
std::string file_of(std::string_view header, std::size_t data_bytes, std::uint64_t length) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file.append(header).append(data_bytes, '\0');
}
std::string file_of(std::string_view header, std::size_t data_bytes) {
  return file_of(header, data_bytes, header.size());
}

SafetensorsHeader parse(const std::string& file) {
  return parse_safetensors_header(std::as_bytes(std::span(file)), "F");
}
std::string error_of(const std::string& file) {
  return test::error_text([&] { parse(file); });
}

constexpr std::string_view two_tensors =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},)"
    R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}   )";

TEST(SafetensorsHeader, GivesTensorsInTheOrderOfTheirBytes) {
  const SafetensorsHeader header = parse(file_of(two_tensors, 28));
  ASSERT_EQ(header.entries.size(), 2U);
  const std::uint64_t data_begin = 8 + two_tensors.size();
  EXPECT_EQ(header.entries[0].name, "a");
  EXPECT_EQ(header.entries[0].dtype, Dtype::bfloat16);
  EXPECT_EQ(header.entries[0].begin, data_begin);
  EXPECT_EQ(header.entries[1].name, "b");
  EXPECT_EQ(header.entries[1].shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(header.entries[1].end, data_begin + 28);
  EXPECT_EQ(header.metadata.at("format"), "pt");
}

TEST(SafetensorsHeader, AcceptsScalarsEmptyTensorsAndNoTensors) {
  EXPECT_TRUE(parse(file_of("{}", 0)).entries.empty());
  const SafetensorsHeader header = parse(file_of(R"({"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
                                                 R"("e":{"dtype":"I8","shape":[3,0],"data_offsets":[8,8]}})",
                                                 8));
  EXPECT_EQ(header.entries[0].size_bytes(), 8U);
  EXPECT_EQ(header.entries[1].size_bytes(), 0U);
}

TEST(SafetensorsHeader, FormatsWhatItParses) {
  SafetensorsHeader header;
  header.metadata["format"] = "pt";
  header.entries = {{.name = "half", .dtype = Dtype::float16, .shape = {3}},
                    {.name = "wide", .dtype = Dtype::float64, .shape = {2}}};
  const std::string text = format_safetensors_header(header);
  EXPECT_EQ(text.size() % 8, 0U);
  const SafetensorsHeader parsed = parse(text + std::string(22, '\0'));
  ASSERT_EQ(parsed.entries.size(), 2U);
  EXPECT_EQ(parsed.entries[0].name, "wide");  // wider elements first
  EXPECT_EQ(parsed.entries[0].begin, text.size());
  EXPECT_EQ(parsed.entries[1].end, text.size() + 22);
  EXPECT_EQ(parsed.metadata, header.metadata);
}

TEST(SafetensorsHeader, RefusesAWrongLength) {
  EXPECT_THAT(error_of("short"), HasSubstr("it has 5 bytes, at least 8"));
  EXPECT_THAT(error_of(file_of("{}", 0, 3)), HasSubstr("should have 3 bytes, the file has 2"));
  EXPECT_THAT(error_of(file_of("{}", 0, 100'000'001)), HasSubstr("at most 100000000"));
  EXPECT_THAT(error_of(file_of("{}", 0, ~std::uint64_t{0})), HasSubstr("18446744073709551615"));
}

struct Fault {
  std::string_view header;
  std::size_t data_bytes;
  std::string_view message;
};

class SafetensorsHeaderFault : public testing::TestWithParam<Fault> {};

TEST_P(SafetensorsHeaderFault, IsNamed) {
  EXPECT_THAT(error_of(file_of(GetParam().header, GetParam().data_bytes)),
              AllOf(testing::StartsWith("'F'"), HasSubstr(std::string(GetParam().message))));
}

constexpr Fault faults[] = {
    {"[]", 0, "does not begin with '{'"},
    {" {}", 0, "does not begin with '{'"},
    {"{\"a\":", 0, "not valid JSON (at its byte"},
    {"{}x", 0, "not valid JSON"},
    {"{\"a\\ud800\":{}}", 0, "not valid JSON"},
    {R"({"a":1})", 0, "'a' is 1, an object was expected"},
    {R"({"a":null})", 0, "'a' is null"},
    {R"({"a":[]})", 0, "'a' is an array"},
    {R"({"__metadata__":{"x":1}})", 0, "__metadata__: 'x' is 1, a text was expected"},
    {R"({"__metadata__":{"x":{}}})", 0, "an object, a text was expected"},
    {R"({"__metadata__":{"x":"1","x":"2"}})", 0, "the field 'x' twice"},
    {R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1,
     "tensor 'a': the dtype 'F8_E4M3' is not known (known: F32, BF16, F16, F64, I64"},
    {R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", 1, "field 'dtype' has 1"},
    {R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1, "tensor 'a' has no dtype"},
    {R"({"a":{"dtype":"I8","data_offsets":[0,1]}})", 1, "tensor 'a' has no shape"},
    {R"({"a":{"dtype":"I8","shape":[1]}})", 1, "tensor 'a' has no data_offsets"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1],"scale":"2"}})", 1, "field 'scale' has '2'"},
    {R"({"a":{"dtype":"I8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", 1, "field 'shape' twice"},
    {R"({"a":{"dtype":"I8","shape":[-1],"data_offsets":[0,1]}})", 1, "field 'shape' has -1"},
    {R"({"a":{"dtype":"I8","shape":[1.5],"data_offsets":[0,1]}})", 1, "field 'shape' has 1.5"},
    {R"({"a":{"dtype":"I8","shape":[18446744073709551615],"data_offsets":[0,1]}})", 1,
     "field 'shape' has 18446744073709551615"},
    {R"({"a":{"dtype":"I8","shape":[99999999999999999999],"data_offsets":[0,1]}})", 1,
     "field 'shape' has 99999999999999999999"},
    {R"({"a":{"dtype":"I8","shape":[[1]],"data_offsets":[0,1]}})", 1, "field 'shape' has an array"},
    {R"({"a":{"dtype":"I8","shape":["1"],"data_offsets":[0,1]}})", 1, "field 'shape' has '1'"},
    {R"({"a":{"dtype":"I8","shape":"1","data_offsets":[0,1]}})", 1, "field 'shape' has '1'"},
    {R"({"a":{"dtype":"I8","shape":[4294967296,4294967296],"data_offsets":[0,1]}})", 1,
     "needs 2^63 or more bytes, its data_offsets [0, 1] give 1"},
    {R"({"a":{"dtype":"I8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0, "2^63 or more"},
    {R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}})", 20,
     "float32 [2, 3] needs 24 bytes, its data_offsets [0, 20] give 20"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[1,0]}})", 1, "data_offsets [1, 0] decrease"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0]}})", 1, "has 1 data_offsets, two were expected"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1,2]}})", 1, "more than two data_offsets"},
    {R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})", 1,
     "ends at byte 2 of the data, the file has 1"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 3, "2 bytes after the last tensor ('a')"},
    {"{}", 3, "3 bytes after the last tensor"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}})", 2,
     "a hole of 1 bytes before tensor 'a' (it begins at byte 1, 0 was expected)"},
    {R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}})",
     3, "tensor 'b' overlaps 'a' (it begins at byte 1, 2 was expected)"},
    {R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}})",
     2, "'a' is there twice"},
    {R"({"line\nbreak":1})", 0, "'line?break' is 1"},
};

INSTANTIATE_TEST_SUITE_P(Faults, SafetensorsHeaderFault, testing::ValuesIn(faults));

TEST(SafetensorsHeader, DeepNestingIsRefusedAtOnce) {
  EXPECT_THAT(error_of(file_of("{\"a\":" + std::string(1'000'000, '['), 0)), HasSubstr("'a' is an array"));
}

TEST(SafetensorsHeader, CannotFormatWhatItWouldRefuse) {
  SafetensorsHeader reserved;
  reserved.entries = {{.name = "__metadata__", .dtype = Dtype::int8, .shape = {1}}};
  EXPECT_THAT(test::error_text([&] { format_safetensors_header(reserved); }), HasSubstr("__metadata__"));
  SafetensorsHeader not_utf8;
  not_utf8.entries = {{.name = "\xff", .dtype = Dtype::int8, .shape = {1}}};
  EXPECT_THAT(test::error_text([&] { format_safetensors_header(not_utf8); }), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace bv2
