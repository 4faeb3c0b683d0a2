#include "analysis/figures/matrix_image.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace rnnfarm::figures {
namespace {

constexpr int kColours = 255;  // the last of 256 is for pairs without a distance
constexpr png_byte kNoDistance = 255;
// Matplotlib's Viridis at every sixteenth of its range.
constexpr int kViridis[][3] = {
    {68, 1, 84},    {72, 24, 106},  {71, 45, 123},  {66, 64, 134},  {59, 82, 139},  {51, 99, 141},
    {44, 114, 142}, {38, 130, 142}, {33, 145, 140}, {31, 160, 136}, {40, 174, 128}, {63, 188, 115},
    {94, 201, 98},  {132, 212, 75}, {173, 220, 48}, {216, 226, 25}, {253, 231, 37}};

// Red, green, blue.
using Colour = std::array<png_byte, 3>;

std::array<Colour, kColours + 1> Palette() {
  constexpr int kIntervals = static_cast<int>(std::size(kViridis)) - 1;
  std::array<Colour, kColours + 1> palette;
  for (int i = 0; i < kColours; ++i) {
    const double place = static_cast<double>(i) / (kColours - 1) * kIntervals;
    const int low = std::min(static_cast<int>(place), kIntervals - 1);
    for (int c = 0; c < 3; ++c) {
      palette[i][c] = static_cast<png_byte>(std::lround(
          kViridis[low][c] + (place - low) * (kViridis[low + 1][c] - kViridis[low][c])));
    }
  }
  palette[kNoDistance] = {160, 160, 160};
  return palette;
}

float LargestFinite(absl::Span<const float> values) {
  float largest = 0;
  for (const float value : values) {
    if (std::isfinite(value)) largest = std::max(largest, value);
  }
  return largest;
}

// Numbers of colours, row by row.
std::vector<png_byte> Pixels(const DistanceMatrix& matrix) {
  const size_t n = matrix.order.size();
  const absl::Span<const float> distances = matrix.values();
  const float largest = LargestFinite(distances);
  const double scale = largest > 0 ? (kColours - 1.0) / largest : 0;
  std::vector<png_byte> pixels;
  pixels.reserve(n * n);
  for (const size_t row : matrix.order) {
    for (const size_t column : matrix.order) {
      const float value = distances[row * n + column];
      pixels.push_back(std::isfinite(value)
                           ? static_cast<png_byte>(std::lround(std::max(value, 0.0f) * scale))
                           : kNoDistance);
    }
  }
  return pixels;
}

}  // namespace

absl::StatusOr<std::string> MatrixPng(const DistanceMatrix& matrix) {
  const std::vector<png_byte> pixels = Pixels(matrix);
  const auto palette = Palette();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(matrix.order.size());
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = palette.size();
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&image, bytes.data(), &size, /*convert_to_8_bit=*/0, pixels.data(),
                                 /*row_stride=*/0, palette.data())) {
    return absl::InvalidArgumentError(absl::StrCat("a matrix of ", matrix.order.size(),
                                                   " networks makes no PNG: ", image.message));
  }
  bytes.resize(size);
  return bytes;
}

absl::StatusOr<std::vector<std::string>> WriteMatrixImages(const std::string& results_dir,
                                                           const std::string& figures_dir) {
  const absl::StatusOr<ResultsFolder> folder = ResultsFolder::Open(results_dir);
  if (!folder.ok()) return folder.status();
  std::error_code failed;
  std::filesystem::create_directories(figures_dir, failed);
  if (failed) {
    return absl::FailedPreconditionError(
        absl::StrCat(figures_dir, " cannot be made: ", failed.message()));
  }
  std::vector<std::string> written;
  for (const std::string& task : folder->tasks()) {
    for (const std::string& metric : folder->MetricsOf(task)) {
      const absl::StatusOr<DistanceMatrix> matrix = ReadDistances(*folder, task, metric);
      if (!matrix.ok()) continue;
      const auto png = MatrixPng(*matrix);
      if (!png.ok()) return png.status();
      const auto path =
          std::filesystem::path(figures_dir) / absl::StrCat(task, "-", metric, ".png");
      const absl::Status kept = base::WriteFile(path.string(), *png);
      if (!kept.ok()) return kept;
      written.push_back(path.string());
    }
  }
  return written;
}

}  // namespace rnnfarm::figures
