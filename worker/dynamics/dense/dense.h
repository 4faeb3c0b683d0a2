// Small dense systems in float64, as Newton's method needs them by the thousand: compiled once for
// each instruction set; one is chosen when the program runs. All give the same bits (Portable only
// where the processor's own code has fused multiply-add) and allocate nothing.
//
// A matrix is rows of `stride` doubles. What lies between its columns and the stride is read,
// written and never used; it must be finite when a function begins.
#ifndef RNNFARM_WORKER_DYNAMICS_DENSE_DENSE_H_
#define RNNFARM_WORKER_DYNAMICS_DENSE_DENSE_H_

#include <cstdint>
#include <vector>

namespace rnnfarm::dynamics::dense {

// A stride is a multiple of this many doubles.
inline constexpr int kPadding = 8;

constexpr int64_t Padded(int64_t columns) { return (columns + kPadding - 1) / kPadding * kPadding; }
// Columns padded, and never a power of two apart: rows of 64 or 256 doubles would share the same
// few places of the cache.
constexpr int64_t StrideOf(int64_t columns) { return Padded(columns) + kPadding; }

inline constexpr int kMostTerms = 4;

// Of a matrix with elements of the order of 1. A smaller pivot is taken as this: a system that is
// singular but consistent, as on a line of fixed points, is solved all the same.
inline constexpr double kLeastPivot = 1e-13;

struct Kernels {
  const char* name;  // "avx512", "avx2" or "portable"

  // c -= a b; a (m, k), b (k, n), c (m, n).
  void (*subtract_product)(int m, int n, int k, const double* a, int64_t a_stride, const double* b,
                           int64_t b_stride, double* c, int64_t c_stride);

  // a = -Σ_t diag(scale[t]) w[t] for 1 to kMostTerms terms; a and w[t] (n, n) of one stride.
  void (*combine)(int n, int terms, const double* const* scale, const double* const* w, double* a,
                  int64_t stride);

  // out = diag(rows) w diag(columns); out and w (n, n) of one stride, columns (n) padded with
  // zeros.
  void (*scale)(int n, const double* rows, const double* w, const double* columns, double* out,
                int64_t stride);

  // a = P L U with row exchanges: LU over a (n, n), pivot (n) the row that row i was exchanged
  // with. False if a is not finite.
  bool (*factor)(int n, double* a, int64_t stride, int* pivot);

  // x = a⁻¹ x by what `factor` left; x (n).
  void (*solve)(int n, const double* lu, int64_t stride, const int* pivot, double* x);
};

// Those that this build has and this processor can run, the fastest first; never empty.
std::vector<const Kernels*> UsableKernels();

}  // namespace rnnfarm::dynamics::dense

#endif  // RNNFARM_WORKER_DYNAMICS_DENSE_DENSE_H_
