#include "base/utf8.h"

#include <gtest/gtest.h>

namespace rnnfarm::base {
namespace {

TEST(Utf8Test, CharactersOfEveryLengthAreText) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(
      IsUtf8("a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

TEST(Utf8Test, EverythingElseIsNone) {
  for (const char* bytes : {"\x80", "\xFF", "\xC2",
                            "\xC2"
                            "a",
                            "\xE2\x82", "\xF0\x9D\x84", "\xC1\xBF", "\xE0\x9F\xBF",
                            "\xF0\x8F\xBF\xBF",  // longer than needed
                            "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(bytes)) << bytes;
    EXPECT_TRUE(IsUtf8(AsUtf8(bytes))) << bytes;
  }
}

TEST(Utf8Test, WhatIsNoCharacterIsReplaced) {
  EXPECT_EQ(AsUtf8("tañh"), "tañh");
  EXPECT_EQ(AsUtf8("a\xFF\xE2\x82z"), "a\uFFFD\uFFFD\uFFFDz");
}

TEST(Utf8Test, NoCharacterIsCutInHalf) {
  EXPECT_EQ(CutUtf8("a€b", 10), "a€b");
  EXPECT_EQ(CutUtf8("a€b", 4), "a€");
  EXPECT_EQ(CutUtf8("a€b", 3), "a");
  EXPECT_EQ(CutUtf8("€", 2), "");
}

}  // namespace
}  // namespace rnnfarm::base
