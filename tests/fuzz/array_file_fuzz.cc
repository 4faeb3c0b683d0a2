// .npy and .npz files: whatever is read is sound and is written and read back the same; whatever is
// not is refused with a sentence.
#include "base/array_file.h"
#include "base/utf8.h"
#include "tests/fuzz/arrays.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

// A reader's memory may be filled so far.
constexpr size_t kMostInflated = 100;
constexpr size_t kAlwaysInflated = size_t{16} << 20;

void CheckRefusal(const absl::Status& status) {
  Require(absl::IsInvalidArgument(status), "a bad file is INVALID_ARGUMENT");
  Require(base::IsUtf8(status.message()), "a refusal is text");
}

void CheckArray(const base::Array& array) {
  Require(array.size() >= 0, "the number of elements is a number");
  Require(array.data.empty() || array.size() > 0, "bytes belong to elements");
  const auto numbers = array.ToDoubles();
  Require(!numbers.ok() || numbers->size() == array.size(), "every element is converted");
  const auto floats = array.As<float>();
  Require(!floats.ok() || floats->size() == array.size(), "every element is seen");
  const auto text = array.ToText();
  Require(!text.ok() || base::IsUtf8(*text), "a text is UTF-8");
  Require(base::FirstNonFinite(array) < array.size(), "an element that is there");
  const auto again = base::DecodeNpy(base::EncodeNpy(array), "again");
  Require(again.ok() && again->dtype == array.dtype && again->shape == array.shape &&
              again->data == array.data,
          "an array is written and read back");
  Require(base::IsUtf8(array.Describe()), "a description is text");
}

void CheckArchive(const base::Archive& archive, size_t size) {
  size_t bytes = 0;
  for (const auto& [name, array] : archive.entries()) {
    bytes += array.data.size();
    CheckArray(array);
    Require(archive.Find(name, array.shape).ok() || archive.entries().size() > 1,
            "an array is found by name and shape");
  }
  Require(bytes <= kAlwaysInflated + kMostInflated * size, "a small file takes little memory");
  CheckRefusal(archive.Find("no such array").status());
}

}  // namespace

std::vector<std::string> Seeds() {
  const int64_t integers[] = {1, -2, 3};
  return {
      base::EncodeNpy(Floats({2, 3})),
      base::EncodeNpy(Doubles({})),
      base::EncodeNpy(base::Array::Of<int64_t>({3}, integers)),
      base::EncodeNpy(base::Array::Text("tañh")),
      base::EncodeNpy(base::Array::Of<float>({0, 4}, {})),
      Packed(Unpacked({{"xstar", Doubles({3, 2})}, {"meta", base::Array::Text("{}")}})),
      Packed(""),
  };
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  const absl::string_view bytes = fuzz::AsView(data, size);
  const auto array = base::DecodeNpy(bytes, "fuzz.npy");
  if (array.ok()) {
    fuzz::CheckArray(*array);
  } else {
    fuzz::CheckRefusal(array.status());
  }
  const auto archive = base::Archive::Decode(bytes, "fuzz.npz");
  if (archive.ok()) {
    fuzz::CheckArchive(*archive, size);
  } else {
    fuzz::CheckRefusal(archive.status());
  }
  return 0;
}
