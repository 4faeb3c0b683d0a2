#include "analysis/representation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::analysis {
namespace {

constexpr int64_t kMinSamples = 2;

absl::Status Refused(absl::string_view source, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": ", what));
}

bool IsConstant(const Eigen::Ref<const Vector>& column) {
  return column.maxCoeff() == column.minCoeff();
}

}  // namespace

absl::StatusOr<Representation> LoadRepresentation(const base::Array& array,
                                                  absl::string_view source) {
  const std::vector<int64_t>& shape = array.shape;
  if (shape.size() != 2 && shape.size() != 3) {
    return Refused(source,
                   absl::StrCat("expected (samples, units) or (trials, time, units), found ",
                                array.Describe()));
  }
  auto values = array.ToDoubles();
  if (!values.ok()) return Refused(source, values.status().message());
  const int64_t units = shape.back();
  const int64_t samples = shape.size() == 2 ? shape[0] : shape[0] * shape[1];
  Representation out;
  out.x = Eigen::Map<const RowMajor>(values->data(), samples, units);
  out.trials = shape.size() == 2 ? 1 : shape[0];
  if (absl::Status status = CheckRepresentation(out.x, source); !status.ok()) return status;
  return out;
}

absl::StatusOr<Representation> DecodeRepresentation(absl::string_view bytes,
                                                    absl::string_view source) {
  // A zip archive begins so, an .npy file does not.
  if (!absl::StartsWith(bytes, "PK")) {
    auto array = base::DecodeNpy(bytes, source);
    if (!array.ok()) return array.status();
    return LoadRepresentation(*array, source);
  }
  auto archive = base::Archive::Decode(bytes, source);
  if (!archive.ok()) return archive.status();
  auto states = archive->Find("states");
  if (!states.ok()) return states.status();
  return LoadRepresentation(**states, source);
}

absl::Status CheckRepresentation(const Matrix& x, absl::string_view source) {
  if (x.rows() < kMinSamples || x.cols() < 1) {
    return Refused(source, absl::StrCat(x.rows(), " samples of ", x.cols(),
                                        " units, at least 2 samples of 1 unit are needed"));
  }
  // Not so for NaN.
  if (!(x.cwiseAbs().maxCoeff<Eigen::PropagateNaN>() <= kLargestState)) {
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      for (Eigen::Index j = 0; j < x.cols(); ++j) {
        if (std::abs(x(i, j)) <= kLargestState) continue;
        return Refused(source,
                       absl::StrCat("unit ", j, " of sample ", i, " is ",
                                    std::isfinite(x(i, j)) ? absl::StrCat(x(i, j), ", beyond 1e150")
                                                           : "NaN or infinite"));
      }
    }
  }
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    if (!IsConstant(x.col(j))) return absl::OkStatus();
  }
  return Refused(source, "every unit is constant over the samples, so there is nothing to compare");
}

bool StandsBefore(const Matrix& a, const Matrix& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.data(), a.data() + a.size(), b.data(), b.data() + b.size());
}

Matrix Centred(const Matrix& x) {
  Matrix out = x.rowwise() - x.colwise().mean();
  // The mean of equal numbers is rounded; its residue must not pass for a direction.
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    if (x.rows() > 0 && IsConstant(x.col(j))) out.col(j).setZero();
  }
  return out;
}

}  // namespace rnnfarm::analysis
