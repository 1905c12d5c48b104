// A table of text, printed for people, for Markdown, or as comma-separated values.
#include "app/table.h"

#include <gtest/gtest.h>

namespace bv2::app {
namespace {

Table small() {
  return {.columns = {{"name"}, {"latency\nms", Align::right}, {"note"}},
          .rows = {{.cells = {"a", "1.5", "±x"}, .remark = {}}, {.cells = {"bcd", "12.25"}, .remark = {}}}};
}

TEST(Table, AlignsColumnsAndEndsNoLineWithSpaces) {
  EXPECT_EQ(render(small(), TableFormat::plain),
            "      latency\n"
            "name       ms  note\n"
            "a         1.5  ±x\n"
            "bcd     12.25\n");
}

TEST(Table, CountsCharactersNotBytes) {
  EXPECT_EQ(display_width("±µs"), 3U);
  EXPECT_EQ(display_width(""), 0U);
}

TEST(Table, ARemarkFillsTheColumnsAfterTheLastCell) {
  const Table table{
      .columns = {{"name"}, {"a", Align::right}, {"b", Align::right}},
      .rows = {{.cells = {"x", "1", "2"}, .remark = {}}, {.cells = {"y"}, .remark = "a long explanation"}}};
  EXPECT_EQ(render(table, TableFormat::plain), "name  a  b\nx     1  2\ny     a long explanation\n");
  EXPECT_EQ(render(table, TableFormat::csv), "name,a,b\nx,1,2\ny,a long explanation,\n");
}

TEST(Table, ALongFirstCellGetsALineOfItsOwn) {
  Table table = small();
  table.rows[1].cells[0] = "a_name_that_is_long";
  const std::string text = render(table, TableFormat::plain, 26);
  EXPECT_EQ(text,
            "             latency\n"
            "name              ms  note\n"
            "a                1.5  ±x\n"
            "a_name_that_is_long\n"
            "               12.25\n")
      << text;
}

TEST(Table, EscapesMarkdown) {
  const Table table{.columns = {{"a\nb"}, {"n", Align::right}},
                    .rows = {{.cells = {"x|y\nz", "1"}, .remark = {}}}};
  EXPECT_EQ(render(table, TableFormat::markdown), "| a b | n |\n| --- | ---: |\n| x\\|y z | 1 |\n");
}

TEST(Table, QuotesCsv) {
  const Table table{
      .columns = {{"a"}, {"b"}},
      .rows = {{.cells = {"1,5", "say \"no\""}, .remark = {}}, {.cells = {"two\nlines"}, .remark = {}}}};
  EXPECT_EQ(render(table, TableFormat::csv), "a,b\n\"1,5\",\"say \"\"no\"\"\"\n\"two\nlines\",\n");
}

TEST(Table, WithoutRowsIsItsHeading) {
  EXPECT_EQ(render({.columns = {{"a"}, {"b"}}, .rows = {}}, TableFormat::plain), "a  b\n");
  EXPECT_EQ(render({}, TableFormat::plain), "");
}

}  // namespace
}  // namespace bv2::app
