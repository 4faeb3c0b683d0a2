#include "base/array_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::base {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();

std::string Folder(absl::string_view name) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/rnnfarm_array_file_", name);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

Array Halves() { return Array::Of<float>({2, 3}, {0, 0.5f, 1, 1.5f, 2, 2.5f}); }

Archive OneOfEach() {
  const bool flags[] = {true, false, true};
  Archive archive;
  archive.Add("f4", Array::Of<float>({3}, {1, 2, 3}));
  archive.Add("f8", Array::Of<double>({3}, {0.1, -kInf, 1e-300}));
  archive.Add("i4", Array::Of<int32_t>({3}, {1, -2, 3}));
  archive.Add("i8", Array::Of<int64_t>({3}, {-1, int64_t{1} << 62, 0}));
  archive.Add("u1", Array::Of<uint8_t>({3}, {1, 2, 255}));
  archive.Add("b1", Array::Of<bool>({3}, flags));
  archive.Add("c16", Array::Of<std::complex<double>>({3}, {{1, 2}, {0, -3}, {4, 0}}));
  archive.Add("scalar", Array::Of<double>({}, {2.5}));
  archive.Add("empty", Array::Of<double>({0, 7}, {}));
  archive.Add("meta", Array::Text(R"({"name": "Größe ∂F/∂h 𝛼"})"));
  return archive;
}

std::string Bytes(const std::string& path) {
  auto bytes = ReadFile(path);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

double Sum(const Array& array) {
  auto values = array.ToDoubles();
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? std::accumulate(values->begin(), values->end(), 0.0) : NAN;
}

// A folder of what NumPy wrote after it had read, and agreed with, what is written here.
std::string NumPysFolder(absl::string_view name) {
  const std::string folder = Folder(name);
  EXPECT_TRUE(WriteFile(folder + "/written.npy", EncodeNpy(Halves())).ok());
  EXPECT_TRUE(WriteFile(folder + "/written.npz", OneOfEach().Encode().value()).ok());
  const std::string script = RNNFARM_TEST_DIR "/numpy_roundtrip.py ";
  EXPECT_EQ(std::system(("/usr/bin/python3 " + script + folder).c_str()), 0);
  return folder;
}

TEST(ArrayFileTest, NumPyReadsWhatIsWrittenAndWritesWhatIsRead) {
  const std::string folder = NumPysFolder("numpy");

  double states, xstar, count;
  std::ifstream(folder + "/sums.txt") >> states >> xstar >> count;
  for (const char* name : {"/stored.npz", "/deflated.npz"}) {
    auto archive = Archive::Decode(Bytes(folder + name), name);
    ASSERT_TRUE(archive.ok()) << archive.status();
    EXPECT_NEAR(Sum(**archive->Find("states", {4, 5, 6})), states, 1e-9);
    EXPECT_NEAR(Sum(**archive->Find("xstar", {3, -1})), xstar, 1e-12);
    EXPECT_EQ(Sum(**archive->Find("count")), count);
    EXPECT_EQ((*archive->Find("eig"))->As<std::complex<double>>()->size(), 6u);
    EXPECT_EQ(*(*archive->Find("meta"))->ToText(), "ζ = ½");
    EXPECT_EQ((*archive->Find("one"))->As<double>()->front(), 1.5);
  }
  EXPECT_EQ(DecodeNpy(Bytes(folder + "/states.npy"), "states")->Describe(), "(4, 5, 6) <f4");
  EXPECT_NEAR(Sum(*DecodeNpy(Bytes(folder + "/long_header.npy"), "long")), xstar, 1e-12);
  for (const auto& [name, why] :
       std::vector<std::pair<std::string, std::string>>{{"fortran", "ascontiguousarray"},
                                                        {"big_endian", ">f8 are not read"},
                                                        {"objects", "|O are not read"},
                                                        {"structured", "structured"}}) {
    auto array = DecodeNpy(Bytes(absl::StrCat(folder, "/", name, ".npy")), name);
    ASSERT_FALSE(array.ok()) << name;
    EXPECT_THAT(std::string(array.status().message()), AllOf(HasSubstr(name), HasSubstr(why)));
  }
}

TEST(ArrayFileTest, EveryRealTypeIsConverted) {
  const std::string folder = NumPysFolder("types");
  const auto read = [&folder](const std::string& name) {
    const auto array = DecodeNpy(Bytes(absl::StrCat(folder, "/", name, ".npy")), name);
    EXPECT_TRUE(array.ok()) << array.status();
    return array.value_or(Array());
  };
  const auto values = [&read](const std::string& name) {
    const auto converted = read(name).ToDoubles();
    EXPECT_TRUE(converted.ok()) << converted.status();
    return converted.value_or(std::vector<double>());
  };
  EXPECT_THAT(values("i1"), ElementsAre(-128, 42, 127));
  EXPECT_THAT(values("u1"), ElementsAre(0, 85, 255));
  EXPECT_THAT(values("i2"), ElementsAre(-32768, 10922, 32767));
  EXPECT_THAT(values("u2"), ElementsAre(0, 21845, 65535));
  EXPECT_THAT(values("i4"), ElementsAre(-2147483648.0, 715827882, 2147483647));
  EXPECT_THAT(values("u4"), ElementsAre(0, 1431655765, 4294967295));
  EXPECT_THAT(values("i8"), ElementsAre(-0x1p63, 0x1p63 / 3, 0x1p63));
  EXPECT_THAT(values("u8"), ElementsAre(0, 0x1p64 / 3, 0x1p64));
  EXPECT_EQ(values("f2"), values("f2_as_f8"));
  EXPECT_TRUE(std::signbit(values("f2")[6])) << "-0 is 0 to ==";
  EXPECT_EQ(FirstNonFinite(read("f2_infinite")), 1);
  EXPECT_EQ(FirstNonFinite(read("f2")), -1);
}

TEST(ArrayFileTest, ArchivesComeBackAsTheyWere) {
  const Archive archive = OneOfEach();
  auto read = Archive::Decode(archive.Encode().value(), "x.npz");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->entries().size(), archive.entries().size());
  for (size_t i = 0; i < archive.entries().size(); ++i) {
    EXPECT_EQ(read->entries()[i].first, archive.entries()[i].first);
    EXPECT_EQ(read->entries()[i].second.dtype, archive.entries()[i].second.dtype);
    EXPECT_EQ(read->entries()[i].second.shape, archive.entries()[i].second.shape);
    EXPECT_EQ(read->entries()[i].second.data, archive.entries()[i].second.data);
  }
}

TEST(ArrayFileTest, TheSameArraysGiveTheSameBytes) {
  EXPECT_EQ(OneOfEach().Encode().value(), OneOfEach().Encode().value());
  Archive other = OneOfEach();
  other.Add("more", Halves());
  EXPECT_NE(OneOfEach().Encode().value(), other.Encode().value());
}

TEST(ArrayFileTest, FindNamesWhatIsThere) {
  auto archive = Archive::Decode(OneOfEach().Encode().value(), "net.npz");
  ASSERT_TRUE(archive.ok());
  EXPECT_TRUE(archive->Has("f4"));
  EXPECT_FALSE(archive->Has("f5"));
  EXPECT_THAT(std::string(archive->Find("f5").status().message()),
              AllOf(HasSubstr("net.npz"), HasSubstr("f5"), HasSubstr("f4, f8")));
  EXPECT_THAT(std::string(archive->Find("f4", {4}).status().message()),
              AllOf(HasSubstr("(3,)"), HasSubstr("(4,)")));
  EXPECT_FALSE(archive->Find("f4", {3, 1}).ok());
}

TEST(ArrayFileTest, AnyShortenedFileIsRefused) {
  const std::string npy = EncodeNpy(Halves());
  for (size_t n = 0; n < npy.size(); ++n) {
    EXPECT_FALSE(DecodeNpy(absl::string_view(npy).substr(0, n), "short").ok()) << n;
  }
  EXPECT_FALSE(DecodeNpy(npy + "x", "long").ok());
  Archive small;
  small.Add("a", Halves());
  const std::string npz = small.Encode().value();
  for (size_t n = 0; n < npz.size(); ++n) {
    EXPECT_FALSE(Archive::Decode(absl::string_view(npz).substr(0, n), "short").ok()) << n;
  }
}

TEST(ArrayFileTest, AChangedByteOfAnEntryIsNoticed) {
  Archive small;
  small.Add("a", Halves());
  std::string npz = small.Encode().value();
  const size_t at = npz.find(Halves().data);
  ASSERT_NE(at, std::string::npos);
  npz[at + 7] ^= 1;
  EXPECT_THAT(std::string(Archive::Decode(npz, "x.npz").status().message()),
              HasSubstr("x.npz: a.npy: damaged"));
}

TEST(ArrayFileTest, ImpossibleShapesAreRefused) {
  for (const char* shape : {"(9223372036854775807, 3)", "(-1, 3)", "(2, 3", "2, 3", "(2, x)"}) {
    std::string npy = EncodeNpy(Halves());
    const size_t at = npy.find("(2, 3)");
    std::string field = shape;
    npy.replace(at, std::min<size_t>(field.size() + 12, 40), field + std::string(12, ' '));
    EXPECT_FALSE(DecodeNpy(npy, shape).ok()) << shape;
  }
}

// Files that were made to harm, kept with the fuzz targets.
absl::Status Refusal(absl::string_view name) {
  const std::string bytes = Bytes(absl::StrCat("tests/fuzz/corpus/array_file/", name));
  EXPECT_FALSE(bytes.empty());
  return absl::EndsWith(name, ".npz") ? Archive::Decode(bytes, "x").status()
                                      : DecodeNpy(bytes, "x").status();
}

TEST(ArrayFileTest, NoFileFillsTheMemoryOfItsReader) {
  EXPECT_THAT(std::string(Refusal("one_entry_under_many_names.npz").message()),
              HasSubstr("x: the arrays take more than 100 times the file's size"));
  EXPECT_THAT(std::string(Refusal("empty_but_for_an_overflow.npy").message()),
              HasSubstr("is too large"));
  EXPECT_THAT(std::string(Refusal("empty_texts_beyond_number.npy").message()),
              HasSubstr("is too large"));
}

TEST(ArrayFileTest, WhatIsNoTextIsNotRepeatedAsText) {
  EXPECT_THAT(std::string(Refusal("type_that_is_no_text.npy").message()),
              HasSubstr("elements of type \\xff\\xfe are not read"));
  EXPECT_EQ(DecodeNpy(Bytes("tests/fuzz/corpus/array_file/text_beyond_unicode.npy"), "x")
                ->ToText()
                .value(),
            "\uFFFD\uFFFD");
}

TEST(ArrayFileTest, ElementsKeepTheirType) {
  EXPECT_THAT(*Halves().As<float>(), ElementsAre(0, 0.5f, 1, 1.5f, 2, 2.5f));
  EXPECT_FALSE(Halves().As<double>().ok());
  EXPECT_THAT(*Array::Of<int32_t>({2}, {1, -2}).ToDoubles(), ElementsAre(1, -2));
  EXPECT_FALSE(Array::Text("x").ToDoubles().ok());
  EXPECT_FALSE(Halves().ToText().ok());
  EXPECT_EQ(Halves().size(), 6);
}

TEST(ArrayFileTest, FirstNonFiniteFindsIt) {
  EXPECT_EQ(FirstNonFinite(Halves()), -1);
  EXPECT_EQ(FirstNonFinite(Array::Of<float>({3}, {1, NAN, NAN})), 1);
  EXPECT_EQ(FirstNonFinite(Array::Of<double>({3}, {1, 2, -kInf})), 2);
  EXPECT_EQ(FirstNonFinite(Array::Of<int64_t>({1}, {1})), -1);
  const std::complex<double> pairs[] = {{1, 2}, {3, -kInf}};
  EXPECT_EQ(FirstNonFinite(Array::Of<std::complex<double>>({2}, pairs)), 1);
  EXPECT_EQ(FirstNonFinite(Array::Of<std::complex<double>>({1}, absl::MakeSpan(pairs, 1))), -1);
}

TEST(ArrayFileTest, FilesAreReplacedWhole) {
  const std::string path = Folder("files") + "/a.bin";
  EXPECT_TRUE(absl::IsNotFound(ReadFile(path).status()));
  ASSERT_TRUE(WriteFile(path, "first").ok());
  ASSERT_TRUE(WriteFile(path, absl::string_view("a\0b", 3)).ok());
  EXPECT_EQ(Bytes(path), std::string("a\0b", 3));
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  EXPECT_THAT(std::string(WriteFile("/nowhere/at/all", "x").message()), HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace rnnfarm::base
