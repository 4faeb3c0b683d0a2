#include "analysis/figures/matrix_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <array>
#include <filesystem>
#include <limits>

#include "tests/analysis/figures/synthetic_results.h"

namespace rnnfarm::figures {
namespace {

using ::testing::ElementsAre;
using Pixel = std::array<png_byte, 3>;

constexpr Pixel kDark = {68, 1, 84}, kBright = {253, 231, 37}, kGrey = {160, 160, 160};

struct Image {
  unsigned side = 0;
  std::vector<Pixel> pixels;  // row by row
};

Image Read(const std::string& png) {
  Image read;
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_memory(&image, png.data(), png.size())) << image.message;
  EXPECT_EQ(image.width, image.height);
  image.format = PNG_FORMAT_RGB;
  read.side = image.width;
  read.pixels.resize(size_t{image.width} * image.height);
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, read.pixels.data(), 0, nullptr));
  return read;
}

DistanceMatrix Matrix(const std::vector<float>& values, const std::vector<int>& order) {
  DistanceMatrix matrix;
  const int64_t n = static_cast<int64_t>(order.size());
  matrix.array = base::Array::Of<float>({n, n}, values);
  matrix.networks.resize(n);
  matrix.order = order;
  return matrix;
}

TEST(MatrixPng, HasAPixelAPairInTheOrderOfFigures) {
  const float none = std::numeric_limits<float>::quiet_NaN();
  const auto png = MatrixPng(Matrix({0, none, 2,  //
                                     none, 0, 1,  //
                                     2, 1, 0},
                                    {2, 0, 1}));
  ASSERT_TRUE(png.ok()) << png.status();
  const Image image = Read(*png);
  ASSERT_EQ(image.side, 3);
  const Pixel middle = image.pixels[2];
  EXPECT_THAT(image.pixels, ElementsAre(kDark, kBright, middle,  // of network 2
                                        kBright, kDark, kGrey,   // of network 0
                                        middle, kGrey, kDark));
  // Half of the range is Viridis' teal.
  EXPECT_NEAR(middle[0], 33, 1);
  EXPECT_NEAR(middle[1], 145, 1);
  EXPECT_NEAR(middle[2], 140, 1);
}

TEST(MatrixPng, TakesDistancesThatAreAllTheSame) {
  const auto png = MatrixPng(Matrix({0, 0, 0, 0}, {0, 1}));
  ASSERT_TRUE(png.ok()) << png.status();
  EXPECT_THAT(Read(*png).pixels, testing::Each(kDark));
}

TEST(WriteMatrixImages, DrawsEveryMatrixInFull) {
  SyntheticResults results;
  results.WriteNetworks({"memory", "waves"}, 2);
  results.WriteComparison("memory", 2, {"svcca", "cka"});
  results.WriteComparison("waves", 2, {"svcca"});
  results.WriteText("waves/distances/broken.npy", "no array");
  const std::string out = results.path() + "/figures";
  const auto written = WriteMatrixImages(results.path(), out);
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_THAT(*written, ElementsAre(out + "/memory-svcca.png", out + "/memory-cka.png",
                                    out + "/waves-svcca.png"));
  for (const std::string& path : *written) {
    const auto png = base::ReadFile(path);
    ASSERT_TRUE(png.ok());
    EXPECT_EQ(Read(*png).side, 16) << path;
  }
}

TEST(WriteMatrixImages, RefusesAFolderThatCannotBeMade) {
  SyntheticResults results;
  results.WriteNetworks({"memory"}, 1);
  const std::string taken = results.path() + "/networks.csv";
  const auto written = WriteMatrixImages(results.path(), taken + "/figures");
  EXPECT_EQ(written.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(written.status().message()), testing::HasSubstr("cannot be made"));
}

}  // namespace
}  // namespace rnnfarm::figures
