// JSON from and to described structures, and its text.
#include "base/json.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "support/error_text.h"

namespace bv2 {
namespace {

enum class Colour { red, green };
constexpr std::array<std::string_view, 2> colours{"red", "green"};
std::span<const std::string_view> enum_names(Colour) { return colours; }

struct Inner {
  std::int64_t number = 1;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("number", self.number);
  }
};

struct Outer {
  Inner inner;
  Colour colour = Colour::green;
  std::optional<double> missing;
  Omittable<std::string> left_out;
  std::optional<std::array<double, 2>> pair;
  NamedValues<Inner> named;
  std::map<std::string, std::string> mapped;
  std::vector<double> values;
  Json free = Json::object();
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("inner", self.inner);
    visit("colour", self.colour);
    visit("missing", self.missing);
    visit("left_out", self.left_out);
    visit("pair", self.pair);
    visit("named", self.named);
    visit("mapped", self.mapped);
    visit("values", self.values);
    visit("free", self.free);
  }
};

Outer filled() {
  Outer outer;
  outer.inner.number = 7;
  outer.colour = Colour::red;
  outer.missing = 0.5;
  outer.left_out.emplace("here");
  outer.pair = {1.5, 2.5};
  outer.named = {{"z", {3}}, {"a", {4}}};
  outer.mapped = {{"key", "value"}};
  outer.values = {1, 2};
  outer.free = {{"any", {1, 2}}};
  return outer;
}

void read(std::string_view text) {
  Outer outer;
  from_json_value(parse_json(text, "text"), outer, "'file'");
}

TEST(Json, KeepsTheOrderOfFieldsAndOfNamedValues) {
  EXPECT_EQ(to_json(filled()).dump(),
            R"({"inner":{"number":7},"colour":"red","missing":0.5,"left_out":"here","pair":[1.5,2.5],)"
            R"("named":{"z":{"number":3},"a":{"number":4}},"mapped":{"key":"value"},"values":[1.0,2.0],)"
            R"("free":{"any":[1,2]}})");
}

TEST(Json, AnOmittableThatIsAbsentIsMissing) {
  Outer value;
  value.left_out.emplace("a default");
  Json document = to_json(value);
  document.erase("left_out");
  from_json_value(document, value, "document");
  EXPECT_FALSE(value.left_out);
}

TEST(Json, WritesWhatIsMissingAsNullAndLeavesOmittablesOut) {
  const Json json = to_json(Outer{});
  EXPECT_TRUE(json.at("missing").is_null());
  EXPECT_TRUE(json.at("pair").is_null());
  EXPECT_FALSE(json.contains("left_out"));
}

TEST(Json, ReadsWhatItWrites) {
  Outer outer;
  from_json_value(to_json(filled()), outer, "'file'");
  EXPECT_EQ(to_json(outer), to_json(filled()));
}

TEST(Json, WritesNumbersThatAreNotFiniteAsNull) {
  Outer outer;
  outer.missing = std::numeric_limits<double>::infinity();
  outer.values = {1, std::numeric_limits<double>::quiet_NaN()};
  EXPECT_TRUE(to_json(outer).at("missing").is_null());
  EXPECT_EQ(to_json(outer).at("values").dump(), "[1.0,null]");
}

TEST(Json, RefusesWhatDoesNotFitWithItsPlace) {
  const auto text_of = [](std::string_view text) {
    return test::error_text<UsageError>([&] { read(text); });
  };
  EXPECT_EQ(text_of(R"({"iner": {}})"), "'file': the field 'iner' is not known");
  EXPECT_EQ(text_of(R"({"inner": {"number": 1.5}})"), "'file': inner: number: 1.5 does not fit");
  EXPECT_EQ(text_of(R"({"colour": "blue"})"), "'file': colour: \"blue\" does not fit");
  EXPECT_EQ(text_of(R"({"colour": 1})"), "'file': colour: 1 does not fit");
  EXPECT_EQ(text_of(R"({"pair": [1]})"), "'file': pair: an array of 2 was expected, found [1]");
  EXPECT_EQ(text_of(R"({"named": []})"), "'file': named: an object was expected, found array");
  EXPECT_EQ(text_of(R"({"missing": "1"})"), "'file': missing: \"1\" does not fit");
}

TEST(Json, TextIsIndentedWithSeriesOnOneLine) {
  const Json json = {
      {"series", {1, 2, 3}}, {"empty", Json::object()}, {"objects", {{{"a", "b\"c"}}, {{"d", nullptr}}}}};
  const std::string text = json_text(json);
  EXPECT_EQ(text, R"({
  "series": [1,2,3],
  "empty": {},
  "objects": [
    {
      "a": "b\"c"
    },
    {
      "d": null
    }
  ]
}
)");
  EXPECT_EQ(parse_json(text, "text"), json);
}

TEST(Json, TextReplacesHalfACharacter) {
  EXPECT_EQ(json_text(Json{{"text", "caf\xc3"}}), "{\n  \"text\": \"caf\xef\xbf\xbd\"\n}\n");
}

}  // namespace
}  // namespace bv2
