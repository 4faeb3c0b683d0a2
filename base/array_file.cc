#include "base/array_file.h"

#include <unistd.h>
#include <zip.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace rnnfarm::base {

static_assert(std::endian::native == std::endian::little, "array files are little-endian");

namespace {

constexpr absl::string_view kMagic = "\x93NUMPY";
// NumPy itself writes headers of a few hundred bytes; this bounds what a broken file can ask for.
constexpr size_t kMaxHeaderBytes = 1 << 16;
constexpr int kMaxDimensions = 32;
constexpr int64_t kMaxArrayBytes = int64_t{1} << 40;
constexpr int64_t kMaxEntries = 100'000;
// 1980-01-01, the earliest time that a zip can hold.
constexpr uint16_t kFixedDosDate = (0 << 9) | (1 << 5) | 1;

absl::Status Broken(absl::string_view source, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
}

// Bytes of one element, or 0 for a type that is not read.
int64_t ItemSize(absl::string_view dtype) {
  if (dtype == "|u1" || dtype == "|b1" || dtype == "|i1") return 1;
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

std::string ShapeText(absl::Span<const int64_t> shape) {
  return shape.size() == 1 ? absl::StrCat("(", shape[0], ",)")
                           : absl::StrCat("(", absl::StrJoin(shape, ", "), ")");
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

void AppendUtf8(uint32_t c, std::string& out) {
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

template <typename T>
int64_t FirstNonFiniteOf(absl::string_view data) {
  for (size_t i = 0; i * sizeof(T) < data.size(); ++i) {
    T value;
    std::memcpy(&value, data.data() + i * sizeof(T), sizeof(T));
    if (!std::isfinite(value)) return static_cast<int64_t>(i);
  }
  return -1;
}

template <typename T>
void AppendDoubles(absl::string_view data, std::vector<double>& out) {
  for (size_t i = 0; i < data.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, data.data() + i, sizeof(T));
    out.push_back(static_cast<double>(value));
  }
}

}  // namespace

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
  out.reserve(size());
  if (dtype == "<f8") {
    AppendDoubles<double>(data, out);
  } else if (dtype == "<f4") {
    AppendDoubles<float>(data, out);
  } else if (dtype == "<i8") {
    AppendDoubles<int64_t>(data, out);
  } else if (dtype == "<i4") {
    AppendDoubles<int32_t>(data, out);
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
    return Broken(source, absl::StrCat("elements of type ", array.dtype,
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

  int64_t expected = item;
  for (int64_t extent : array.shape) {
    if (extent != 0 && expected > kMaxArrayBytes / extent) {
      return Broken(source, absl::StrCat("shape ", ShapeText(array.shape), " is too large"));
    }
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

absl::StatusOr<const Array*> Archive::Find(absl::string_view name) const {
  for (const auto& [key, array] : entries_) {
    if (key == name) return &array;
  }
  return Broken(source_.empty() ? "archive" : source_,
                absl::StrCat("no array ", name, "; there are: ",
                             absl::StrJoin(entries_, ", ", [](std::string* out, const auto& entry) {
                               out->append(entry.first);
                             })));
}

absl::StatusOr<const Array*> Archive::Find(absl::string_view name,
                                           absl::Span<const int64_t> shape) const {
  auto array = Find(name);
  if (!array.ok()) return array;
  bool match = (*array)->shape.size() == shape.size();
  for (size_t i = 0; match && i < shape.size(); ++i) {
    match = shape[i] == -1 || shape[i] == (*array)->shape[i];
  }
  if (match) return array;
  return Broken(source_.empty() ? "archive" : source_,
                absl::StrCat("array ", name, " has shape ", ShapeText((*array)->shape),
                             ", expected ", ShapeText(shape), shape.empty() ? "" : " (-1: any)"));
}

bool Archive::Has(absl::string_view name) const {
  for (const auto& entry : entries_) {
    if (entry.first == name) return true;
  }
  return false;
}

absl::StatusOr<std::string> Archive::Encode() const {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_t* zip = buffer == nullptr ? nullptr : zip_open_from_source(buffer, ZIP_TRUNCATE, &error);
  if (zip == nullptr) return absl::InternalError(zip_error_strerror(&error));
  zip_source_keep(buffer);
  // libzip reads the entries at zip_close, so their bytes must live until then.
  std::vector<std::string> encoded;
  encoded.reserve(entries_.size());
  for (const auto& [name, array] : entries_) {
    encoded.push_back(EncodeNpy(array));
    zip_source_t* data = zip_source_buffer(zip, encoded.back().data(), encoded.back().size(), 0);
    const zip_int64_t index = zip_file_add(zip, (name + ".npy").c_str(), data, ZIP_FL_ENC_UTF_8);
    if (index < 0 || zip_set_file_compression(zip, index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(zip, index, 0, kFixedDosDate, 0) != 0) {
      absl::Status status = absl::InternalError(absl::StrCat("zip: ", zip_strerror(zip)));
      zip_discard(zip);
      zip_source_free(buffer);
      return status;
    }
  }
  if (zip_close(zip) != 0) {
    absl::Status status = absl::InternalError(absl::StrCat("zip: ", zip_strerror(zip)));
    zip_discard(zip);
    zip_source_free(buffer);
    return status;
  }
  std::string out;
  if (zip_source_open(buffer) == 0) {
    zip_source_seek(buffer, 0, SEEK_END);
    out.resize(zip_source_tell(buffer));
    zip_source_seek(buffer, 0, SEEK_SET);
    const zip_int64_t read = zip_source_read(buffer, out.data(), out.size());
    zip_source_close(buffer);
    if (read != static_cast<zip_int64_t>(out.size())) out.clear();
  }
  zip_source_free(buffer);
  if (out.empty() && !entries_.empty()) return absl::InternalError("zip: nothing was written");
  return out;
}

absl::StatusOr<Archive> Archive::Decode(absl::string_view bytes, absl::string_view source) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* buffer = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (buffer == nullptr) return absl::InternalError(zip_error_strerror(&error));
  zip_t* raw = zip_open_from_source(buffer, ZIP_RDONLY, &error);
  if (raw == nullptr) {
    zip_source_free(buffer);
    return Broken(source, absl::StrCat("not a NumPy .npz file (", zip_error_strerror(&error), ")"));
  }
  std::unique_ptr<zip_t, decltype(&zip_discard)> zip(raw, zip_discard);
  Archive archive;
  archive.source_ = std::string(source);
  const zip_int64_t count = zip_get_num_entries(raw, 0);
  if (count > kMaxEntries) {
    return Broken(source, absl::StrCat(count, " entries, at most ", kMaxEntries, " are read"));
  }
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(raw, i, 0, &stat) != 0) {
      return Broken(source, absl::StrCat("damaged: ", zip_strerror(raw)));
    }
    std::string name = stat.name;
    const std::string where = absl::StrCat(source, ": ", name);
    if (!absl::EndsWith(name, ".npy")) continue;
    // Uncompressed entries cannot be larger than the file; deflated ones at most 1032 times.
    if (stat.size > bytes.size() * 1100 + 1024) return Broken(where, "damaged: impossible size");
    zip_file_t* file = zip_fopen_index(raw, i, 0);
    if (file == nullptr) return Broken(where, absl::StrCat("damaged: ", zip_strerror(raw)));
    std::string entry(stat.size, '\0');
    const zip_int64_t read = zip_fread(file, entry.data(), entry.size());
    const int closed = zip_fclose(file);
    if (read != static_cast<zip_int64_t>(entry.size()) || closed != 0) {
      return Broken(where, "damaged: the entry is shorter than it says or its checksum is wrong");
    }
    auto array = DecodeNpy(entry, where);
    if (!array.ok()) return array.status();
    archive.Add(name.substr(0, name.size() - 4), *std::move(array));
  }
  return archive;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return absl::NotFoundError(absl::StrCat(path, ": cannot be opened: ", std::strerror(errno)));
  std::ostringstream out;
  out << in.rdbuf();
  if (in.bad()) return absl::InternalError(absl::StrCat(path, ": cannot be read"));
  return std::move(out).str();
}

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  const std::string beside = absl::StrCat(path, ".part");
  FILE* file = std::fopen(beside.c_str(), "wb");
  if (file == nullptr) {
    return absl::InternalError(absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() &&
                       std::fflush(file) == 0 && fsync(fileno(file)) == 0;
  const int why = errno;
  if (std::fclose(file) != 0 || !written) {
    std::remove(beside.c_str());
    return absl::InternalError(absl::StrCat(path, ": cannot be written: ", std::strerror(why)));
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    return absl::InternalError(absl::StrCat(path, ": cannot be renamed: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

int64_t FirstNonFinite(const Array& array) {
  if (array.dtype == "<f4" || array.dtype == "<c8") return FirstNonFiniteOf<float>(array.data);
  if (array.dtype == "<f8" || array.dtype == "<c16") return FirstNonFiniteOf<double>(array.data);
  return -1;
}

}  // namespace rnnfarm::base
