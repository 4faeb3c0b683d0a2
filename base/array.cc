#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/array_file.h"

namespace rnnfarm::base {

static_assert(std::endian::native == std::endian::little, "array files are little-endian");

namespace {

// What stands for a number that is no character.
constexpr uint32_t kReplacement = 0xFFFD;

void AppendUtf8(uint32_t c, std::string& out) {
  if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) c = kReplacement;
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// Lenient: a byte that begins no character is taken as Latin-1.
std::vector<uint32_t> FromUtf8(absl::string_view utf8) {
  std::vector<uint32_t> out;
  for (size_t i = 0; i < utf8.size();) {
    const uint8_t lead = utf8[i];
    const int extra = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (extra == 0 || i + extra >= utf8.size()) {
      out.push_back(lead);
      ++i;
      continue;
    }
    uint32_t c = lead & (0x3F >> extra);
    for (int k = 1; k <= extra; ++k) c = (c << 6) | (static_cast<uint8_t>(utf8[i + k]) & 0x3F);
    out.push_back(c);
    i += extra + 1;
  }
  return out;
}

// NumPy's float16, IEEE 754's binary16.
struct Half {
  uint16_t bits;

  explicit operator double() const {
    const int exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
    double magnitude;
    if (exponent == 0x1F) {
      magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::quiet_NaN();
    } else {
      magnitude =
          exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    }
    return bits >> 15 ? -magnitude : magnitude;
  }
};

template <typename T>
int64_t FirstNonFiniteOf(absl::string_view data) {
  for (size_t i = 0; i * sizeof(T) < data.size(); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    if (!std::isfinite(static_cast<double>(value))) return static_cast<int64_t>(i);
  }
  return -1;
}

template <typename T>
void AppendDoubles(absl::string_view data, std::vector<double>& out) {
  out.reserve(data.size() / sizeof(T));
  for (size_t i = 0; i < data.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, data.data() + i, sizeof(T));
    out.push_back(static_cast<double>(value));
  }
}

}  // namespace

std::string ShapeText(absl::Span<const int64_t> shape) {
  return shape.size() == 1 ? absl::StrCat("(", shape[0], ",)")
                           : absl::StrCat("(", absl::StrJoin(shape, ", "), ")");
}

template <>
absl::string_view DtypeOf<float>() {
  return "<f4";
}
template <>
absl::string_view DtypeOf<double>() {
  return "<f8";
}
template <>
absl::string_view DtypeOf<int32_t>() {
  return "<i4";
}
template <>
absl::string_view DtypeOf<int64_t>() {
  return "<i8";
}
template <>
absl::string_view DtypeOf<uint8_t>() {
  return "|u1";
}
template <>
absl::string_view DtypeOf<bool>() {
  return "|b1";
}
template <>
absl::string_view DtypeOf<std::complex<double>>() {
  return "<c16";
}

template <typename T>
Array Array::Of(std::vector<int64_t> shape, absl::Span<const T> values) {
  Array array{std::string(DtypeOf<T>()), std::move(shape), {}};
  array.data.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  return array;
}

Array Array::Text(absl::string_view utf8) {
  const std::vector<uint32_t> characters = FromUtf8(utf8);
  Array array{absl::StrCat("<U", characters.size()), {}, {}};
  array.data.assign(reinterpret_cast<const char*>(characters.data()), characters.size() * 4);
  return array;
}

int64_t Array::size() const {
  int64_t n = 1;
  for (int64_t extent : shape) n *= extent;
  return n;
}

template <typename T>
absl::StatusOr<absl::Span<const T>> Array::As() const {
  if (dtype != DtypeOf<T>()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected elements of type ", DtypeOf<T>(), ", found ", dtype));
  }
  return absl::MakeConstSpan(reinterpret_cast<const T*>(data.data()), data.size() / sizeof(T));
}

#define RNNFARM_INSTANTIATE(T)                                            \
  template Array Array::Of<T>(std::vector<int64_t>, absl::Span<const T>); \
  template absl::StatusOr<absl::Span<const T>> Array::As<T>() const;
RNNFARM_INSTANTIATE(float)
RNNFARM_INSTANTIATE(double)
RNNFARM_INSTANTIATE(int32_t)
RNNFARM_INSTANTIATE(int64_t)
RNNFARM_INSTANTIATE(uint8_t)
RNNFARM_INSTANTIATE(bool)
RNNFARM_INSTANTIATE(std::complex<double>)
#undef RNNFARM_INSTANTIATE

absl::StatusOr<std::vector<double>> Array::ToDoubles() const {
  std::vector<double> out;
  if (dtype == "<f8") {
    AppendDoubles<double>(data, out);
  } else if (dtype == "<f4") {
    AppendDoubles<float>(data, out);
  } else if (dtype == "<f2") {
    AppendDoubles<Half>(data, out);
  } else if (dtype == "<i8") {
    AppendDoubles<int64_t>(data, out);
  } else if (dtype == "<u8") {
    AppendDoubles<uint64_t>(data, out);
  } else if (dtype == "<i4") {
    AppendDoubles<int32_t>(data, out);
  } else if (dtype == "<u4") {
    AppendDoubles<uint32_t>(data, out);
  } else if (dtype == "<i2") {
    AppendDoubles<int16_t>(data, out);
  } else if (dtype == "<u2") {
    AppendDoubles<uint16_t>(data, out);
  } else if (dtype == "|i1") {
    AppendDoubles<int8_t>(data, out);
  } else if (dtype == "|u1" || dtype == "|b1") {
    AppendDoubles<uint8_t>(data, out);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("expected real numbers, found type ", dtype));
  }
  return out;
}

absl::StatusOr<std::string> Array::ToText() const {
  if (!absl::StartsWith(dtype, "<U") || !shape.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("expected one text, found ", Describe()));
  }
  std::string out;
  for (size_t i = 0; i + 4 <= data.size(); i += 4) {
    uint32_t c;
    std::memcpy(&c, data.data() + i, 4);
    if (c != 0) AppendUtf8(c, out);
  }
  return out;
}

std::string Array::Describe() const { return absl::StrCat(ShapeText(shape), " ", dtype); }

int64_t FirstNonFinite(const Array& array) {
  if (array.dtype == "<f2") return FirstNonFiniteOf<Half>(array.data);
  if (array.dtype == "<f4") return FirstNonFiniteOf<float>(array.data);
  if (array.dtype == "<f8") return FirstNonFiniteOf<double>(array.data);
  // A complex element is two numbers; -1 / 2 would be 0.
  int64_t at = -1;
  if (array.dtype == "<c8") at = FirstNonFiniteOf<float>(array.data);
  if (array.dtype == "<c16") at = FirstNonFiniteOf<double>(array.data);
  return at < 0 ? at : at / 2;
}

}  // namespace rnnfarm::base
