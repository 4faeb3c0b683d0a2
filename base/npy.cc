#include <algorithm>
#include <charconv>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/array_file.h"

namespace rnnfarm::base {
namespace {

constexpr absl::string_view kMagic = "\x93NUMPY";
// NumPy itself writes headers of a few hundred bytes; this bounds what a broken file can ask for.
constexpr size_t kMaxHeaderBytes = 1 << 16;
constexpr size_t kMaxShownBytes = 32;  // of what cannot be read
constexpr int kMaxDimensions = 32;
constexpr int64_t kMaxArrayBytes = int64_t{1} << 40;

absl::Status Broken(absl::string_view source, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
}

// Bytes of one element, or 0 for a type that is not read.
int64_t ItemSize(absl::string_view dtype) {
  if (dtype == "|u1" || dtype == "|b1" || dtype == "|i1") return 1;
  if (dtype == "<i2" || dtype == "<u2" || dtype == "<f2") return 2;
  if (dtype == "<f4" || dtype == "<i4" || dtype == "<u4") return 4;
  if (dtype == "<f8" || dtype == "<i8" || dtype == "<u8" || dtype == "<c8") return 8;
  if (dtype == "<c16") return 16;
  if (absl::StartsWith(dtype, "<U")) {
    int64_t characters = 0;
    const char* end = dtype.data() + dtype.size();
    auto [ptr, error] = std::from_chars(dtype.data() + 2, end, characters);
    if (error == std::errc() && ptr == end && characters >= 0 && characters < (1 << 28)) {
      return 4 * characters;
    }
  }
  return 0;
}

// The text after `'key':` in the Python dict of an .npy header.
absl::StatusOr<absl::string_view> HeaderField(absl::string_view header, absl::string_view key,
                                              absl::string_view source) {
  const std::string quoted = absl::StrCat("'", key, "':");
  const size_t at = header.find(quoted);
  if (at == absl::string_view::npos) {
    return Broken(source, absl::StrCat("the .npy header lacks ", key));
  }
  return absl::StripLeadingAsciiWhitespace(header.substr(at + quoted.size()));
}

absl::StatusOr<std::vector<int64_t>> ParseShape(absl::string_view text, absl::string_view source) {
  if (text.empty() || text[0] != '(') return Broken(source, "the .npy header's shape is no tuple");
  std::vector<int64_t> shape;
  text.remove_prefix(1);
  for (;;) {
    text = absl::StripLeadingAsciiWhitespace(text);
    if (absl::ConsumePrefix(&text, ")")) return shape;
    int64_t extent = 0;
    auto [ptr, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc() || extent < 0 || shape.size() >= kMaxDimensions) {
      return Broken(source, "the .npy header's shape is no tuple of sizes");
    }
    shape.push_back(extent);
    text.remove_prefix(ptr - text.data());
    text = absl::StripLeadingAsciiWhitespace(text);
    absl::ConsumePrefix(&text, ",");
  }
}

}  // namespace

std::string EncodeNpy(const Array& array) {
  std::string header =
      absl::StrCat("{'descr': '", array.dtype,
                   "', 'fortran_order': False, 'shape': ", ShapeText(array.shape), ", }");
  // Data begins at a multiple of 64 bytes, as NumPy writes it, so that it can be memory-mapped.
  const size_t prefix = kMagic.size() + 4;
  header.append(63 - (prefix + header.size()) % 64, ' ');
  header += '\n';
  const uint16_t length = header.size();
  std::string out(kMagic.data(), kMagic.size());
  out += '\x01';
  out += '\x00';
  out.append(reinterpret_cast<const char*>(&length), 2);
  out += header;
  out += array.data;
  return out;
}

absl::StatusOr<Array> DecodeNpy(absl::string_view bytes, absl::string_view source) {
  if (bytes.size() < 10 || bytes.substr(0, kMagic.size()) != kMagic) {
    return Broken(source, "not a NumPy .npy file");
  }
  const bool long_header = bytes[6] >= 2;
  const size_t prefix = long_header ? 12 : 10;
  uint32_t length = 0;
  if (bytes.size() < prefix) return Broken(source, "the .npy file ends within its header");
  std::memcpy(&length, bytes.data() + 8, long_header ? 4 : 2);
  if (length > kMaxHeaderBytes || bytes.size() < prefix + length) {
    return Broken(source, "the .npy file ends within its header");
  }
  const absl::string_view header = bytes.substr(prefix, length);

  auto descr = HeaderField(header, "descr", source);
  if (!descr.ok()) return descr.status();
  const size_t quote = descr->find('\'', 1);
  if (descr->empty() || (*descr)[0] != '\'' || quote == absl::string_view::npos) {
    return Broken(source, "structured arrays are not read; save plain numbers");
  }
  Array array;
  array.dtype = std::string(descr->substr(1, quote - 1));
  const int64_t item = ItemSize(array.dtype);
  if (item == 0 && array.dtype != "<U0") {
    return Broken(source, absl::StrCat("elements of type ",
                                       absl::CHexEscape(array.dtype.substr(0, kMaxShownBytes)),
                                       " are not read; save float32, float64 or int64"));
  }
  auto order = HeaderField(header, "fortran_order", source);
  if (!order.ok()) return order.status();
  if (absl::StartsWith(*order, "True")) {
    return Broken(source, "Fortran order is not read; save numpy.ascontiguousarray(x)");
  }
  auto shape_text = HeaderField(header, "shape", source);
  if (!shape_text.ok()) return shape_text.status();
  auto shape = ParseShape(*shape_text, source);
  if (!shape.ok()) return shape.status();
  array.shape = *std::move(shape);

  // With no elements at all too, so that the product of any extents is a number.
  int64_t bytes_at_most = std::max<int64_t>(item, 1);
  int64_t expected = item;
  for (int64_t extent : array.shape) {
    const int64_t factor = std::max<int64_t>(extent, 1);
    if (bytes_at_most > kMaxArrayBytes / factor || (item == 0 && extent != 0)) {
      return Broken(source, absl::StrCat("shape ", ShapeText(array.shape), " is too large"));
    }
    bytes_at_most *= factor;
    expected *= extent;
  }
  const absl::string_view data = bytes.substr(prefix + length);
  if (static_cast<int64_t>(data.size()) != expected) {
    return Broken(source, absl::StrCat("shape ", ShapeText(array.shape), " ", array.dtype,
                                       " needs ", expected, " bytes, the file has ", data.size()));
  }
  array.data = std::string(data);
  return array;
}

}  // namespace rnnfarm::base
