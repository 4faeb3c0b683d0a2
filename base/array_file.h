// NumPy's array files: .npy (one array) and .npz (a zip of named arrays), in memory.
//
//   base::Archive archive;
//   archive.Add("xstar", base::Array::Of<double>({3, 64}, values));
//   archive.Add("meta", base::Array::Text(R"({"task": "flipflop"})"));
//   absl::StatusOr<std::string> bytes = archive.Encode();
//
//   absl::StatusOr<base::Archive> read = base::Archive::Decode(*bytes, "net.npz");
//   absl::StatusOr<const base::Array*> xstar = read->Find("xstar");
//
// The same arrays in the same order give the same bytes: entries are stored uncompressed with a
// fixed time. numpy.load(allow_pickle=False) reads everything that is written here. Little-endian
// and C order only; other files are refused with a sentence that names the array.
#ifndef RNNFARM_BASE_ARRAY_FILE_H_
#define RNNFARM_BASE_ARRAY_FILE_H_

#include <complex>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rnnfarm::base {

// NumPy's name of a type that is written: "<f4", "<f8", "<i4", "<i8", "|u1", "|b1", "<c16". Files
// are read with the other integers, "<f2" and "<c8" too.
template <typename T>
absl::string_view DtypeOf();

struct Array {
  std::string dtype;
  std::vector<int64_t> shape;  // empty: a scalar
  std::string data;            // little-endian, C order

  template <typename T>
  static Array Of(std::vector<int64_t> shape, absl::Span<const T> values);
  // A zero-dimensional unicode array; str(npz["meta"]) in Python.
  static Array Text(absl::string_view utf8);

  int64_t size() const;  // number of elements
  // The elements; T must be the type of `dtype`.
  template <typename T>
  absl::StatusOr<absl::Span<const T>> As() const;
  // The elements of any numeric type, converted.
  absl::StatusOr<std::vector<double>> ToDoubles() const;
  absl::StatusOr<std::string> ToText() const;
  // "(3, 64) <f8"
  std::string Describe() const;
};

// "(3, 64)", as Python prints a shape.
std::string ShapeText(absl::Span<const int64_t> shape);

std::string EncodeNpy(const Array& array);
// `source` names the file in error messages.
absl::StatusOr<Array> DecodeNpy(absl::string_view bytes, absl::string_view source);

class Archive {
 public:
  void Add(std::string name, Array array) {
    entries_.emplace_back(std::move(name), std::move(array));
  }
  // INVALID_ARGUMENT naming the source and the arrays that are there, if `name` is not.
  absl::StatusOr<const Array*> Find(absl::string_view name) const;
  // Like Find, and the shape must match; -1 matches any extent.
  absl::StatusOr<const Array*> Find(absl::string_view name, absl::Span<const int64_t> shape) const;
  bool Has(absl::string_view name) const;
  const std::vector<std::pair<std::string, Array>>& entries() const { return entries_; }

  absl::StatusOr<std::string> Encode() const;
  static absl::StatusOr<Archive> Decode(absl::string_view bytes, absl::string_view source);

 private:
  std::string source_;
  std::vector<std::pair<std::string, Array>> entries_;
};

absl::StatusOr<std::string> ReadFile(const std::string& path);
// Writes beside `path` first and renames, so that no reader sees half a file.
absl::Status WriteFile(const std::string& path, absl::string_view bytes);

// Lowest index of an element that is NaN or infinite, or -1.
int64_t FirstNonFinite(const Array& array);

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_ARRAY_FILE_H_
