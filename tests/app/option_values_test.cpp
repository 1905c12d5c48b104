// The values of options: text to numbers and known names, with errors that name the option.
#include "app/option_values.h"

#include <gtest/gtest.h>

#include <array>

#include "support/error_text.h"

namespace bv2::app {
namespace {

using test::error_text;
constexpr std::array<std::string_view, 3> dtypes{"float32", "bfloat16", "float16"};

TEST(OptionValues, TakesWholeNumbersInTheirRange) {
  EXPECT_EQ(parse_integer("--n", "7", 1, 9), 7);
  EXPECT_EQ(parse_integer("--n", "1", 1, 9), 1);
  for (const char* wrong :
       {"0", "10", "-1", "", " 3", "3 ", "3.0", "1e3", "0x1", "+3", "99999999999999999999"}) {
    EXPECT_EQ(error_text<UsageError>([&] { parse_integer("--n", wrong, 1, 9); }),
              std::string("--n: '") + wrong + "' does not fit; give a whole number from 1 to 9");
  }
}

TEST(OptionValues, TakesNamesOfAnyCase) {
  EXPECT_EQ(parse_choice("--dtype", "BFloat16", dtypes), "bfloat16");
  EXPECT_EQ(error_text<UsageError>([] { parse_choice("--dtype", "bfloat61", dtypes); }),
            "--dtype: 'bfloat61' is not known, did you mean 'bfloat16'? (known: float32, bfloat16, float16)");
  EXPECT_EQ(error_text<UsageError>([] { parse_choice("--dtype", "int4", dtypes); }),
            "--dtype: 'int4' is not known (known: float32, bfloat16, float16)");
}

TEST(OptionValues, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(closest("float23", dtypes), "float32");
  EXPECT_EQ(closest("loat16", dtypes), "float16");
  EXPECT_EQ(closest("something", dtypes), "");
  EXPECT_EQ(closest("", dtypes), "");
}

}  // namespace
}  // namespace bv2::app
