// A network as the comparison sees it: probe samples by units.
#ifndef RNNFARM_ANALYSIS_REPRESENTATION_H_
#define RNNFARM_ANALYSIS_REPRESENTATION_H_

#include <Eigen/Dense>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/array_file.h"

namespace rnnfarm::analysis {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
// Elements in the order of NumPy's arrays.
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// States beyond this are refused: their squares have no place in a float64.
inline constexpr double kLargestState = 1e150;

struct Representation {
  Matrix x;  // samples x units; a sample is a time step of a trial, trial after trial
  int64_t trials = 1;
};

// In float64 from an array of (samples, units), which is one trial, or (trials, time, units).
// INVALID_ARGUMENT, naming `source`, for NaN, infinities, values beyond kLargestState, fewer than 2
// samples, or all columns constant.
absl::StatusOr<Representation> LoadRepresentation(const base::Array& array,
                                                  absl::string_view source);

// The array of an .npy file, or the array "states" of an .npz.
absl::StatusOr<Representation> DecodeRepresentation(absl::string_view bytes,
                                                    absl::string_view source);

// What LoadRepresentation promises of its result, for a matrix from elsewhere.
absl::Status CheckRepresentation(const Matrix& x, absl::string_view source);

// One order of any two matrices that differ: by size, then by their elements.
bool StandsBefore(const Matrix& a, const Matrix& b);

// Columns centred; a constant column becomes exactly zero.
Matrix Centred(const Matrix& x);

}  // namespace rnnfarm::analysis

#endif  // RNNFARM_ANALYSIS_REPRESENTATION_H_
