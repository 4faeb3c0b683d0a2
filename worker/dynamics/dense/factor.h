// The functions of dense.h for one kind of vector: L is a struct of a vector type and its
// operations. Every element is one chain of multiply-adds in the order of the inner index, so its
// bits do not depend on how many fit in a vector.
#ifndef RNNFARM_WORKER_DYNAMICS_DENSE_FACTOR_H_
#define RNNFARM_WORKER_DYNAMICS_DENSE_FACTOR_H_

#include <algorithm>
#include <cmath>
#include <utility>

#include "worker/dynamics/dense/dense.h"

#define RNNFARM_DENSE_INLINE inline __attribute__((always_inline))

namespace rnnfarm::dynamics::dense {

// Columns that are eliminated before the rest of the matrix is touched.
inline constexpr int kPanel = 16;
// Vectors whose chains a triangular solve keeps going at once, to hide the latency of each.
inline constexpr int kWideVectors = 8;

template <typename L>
struct Instantiation {
  using V = typename L::V;

  static Kernels Table(const char* name) {
    return {name, SubtractProduct, Combine, Scale, Factor, Solve};
  }

 private:
  template <int kRows, int kVectors>
  static RNNFARM_DENSE_INLINE void Tile(int k, const double* a, int64_t a_stride, const double* b,
                                        int64_t b_stride, double* c, int64_t c_stride) {
    V sum[kRows][kVectors];
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kVectors; ++j) sum[i][j] = L::Load(c + i * c_stride + j * L::kLanes);
    }
    for (int p = 0; p < k; ++p) {
      V right[kVectors];
      for (int j = 0; j < kVectors; ++j) right[j] = L::Load(b + p * b_stride + j * L::kLanes);
      for (int i = 0; i < kRows; ++i) {
        const V left = L::Set(a[i * a_stride + p]);
        for (int j = 0; j < kVectors; ++j) sum[i][j] = L::Fnma(left, right[j], sum[i][j]);
      }
    }
    for (int i = 0; i < kRows; ++i) {
      for (int j = 0; j < kVectors; ++j) L::Store(c + i * c_stride + j * L::kLanes, sum[i][j]);
    }
  }

  // All rows of one stripe of kVectors vectors.
  template <int kVectors>
  static void Stripe(int m, int k, const double* a, int64_t a_stride, const double* b,
                     int64_t b_stride, double* c, int64_t c_stride) {
    int i = 0;
    for (; i + L::kTileRows <= m; i += L::kTileRows) {
      Tile<L::kTileRows, kVectors>(k, a + i * a_stride, a_stride, b, b_stride, c + i * c_stride,
                                   c_stride);
    }
    for (; i + 2 <= m; i += 2) {
      Tile<2, kVectors>(k, a + i * a_stride, a_stride, b, b_stride, c + i * c_stride, c_stride);
    }
    if (i < m)
      Tile<1, kVectors>(k, a + i * a_stride, a_stride, b, b_stride, c + i * c_stride, c_stride);
  }

  static void SubtractProduct(int m, int n, int k, const double* a, int64_t a_stride,
                              const double* b, int64_t b_stride, double* c, int64_t c_stride) {
    constexpr int kWidth = L::kTileVectors * L::kLanes;
    int j = 0;
    for (; j + kWidth <= n; j += kWidth) {
      Stripe<L::kTileVectors>(m, k, a, a_stride, b + j, b_stride, c + j, c_stride);
    }
    for (; j < n; j += L::kLanes) Stripe<1>(m, k, a, a_stride, b + j, b_stride, c + j, c_stride);
  }

  template <int kTerms>
  static void CombineTerms(int n, const double* const* scale, const double* const* w, double* a,
                           int64_t stride) {
    for (int i = 0; i < n; ++i) {
      V factor[kTerms];
      for (int t = 0; t < kTerms; ++t) factor[t] = L::Set(scale[t][i]);
      for (int64_t j = i * stride, end = i * stride + n; j < end; j += L::kLanes) {
        V sum = L::Zero();
        for (int t = 0; t < kTerms; ++t) sum = L::Fnma(factor[t], L::Load(w[t] + j), sum);
        L::Store(a + j, sum);
      }
    }
  }

  static void Combine(int n, int terms, const double* const* scale, const double* const* w,
                      double* a, int64_t stride) {
    switch (terms) {
      case 1:
        return CombineTerms<1>(n, scale, w, a, stride);
      case 2:
        return CombineTerms<2>(n, scale, w, a, stride);
      case 3:
        return CombineTerms<3>(n, scale, w, a, stride);
      case 4:
        return CombineTerms<4>(n, scale, w, a, stride);
    }
  }

  static void Scale(int n, const double* rows, const double* w, const double* columns, double* out,
                    int64_t stride) {
    for (int i = 0; i < n; ++i) {
      const V factor = L::Set(rows[i]);
      for (int j = 0; j < n; j += L::kLanes) {
        const V scaled = L::Mul(factor, L::Load(w + i * stride + j));
        L::Store(out + i * stride + j, L::Mul(scaled, L::Load(columns + j)));
      }
    }
  }

  static int LargestBelow(int n, int j, const double* a, int64_t stride) {
    int at = j;
    double largest = std::abs(a[j * stride + j]);
    for (int i = j + 1; i < n; ++i) {
      const double size = std::abs(a[i * stride + j]);
      if (size > largest) {
        largest = size;
        at = i;
      }
    }
    return at;
  }

  // Eliminates columns first … last - 1 within themselves, by whole rows' exchanges.
  static bool FactorPanel(int n, int first, int last, double* a, int64_t stride, int* pivot) {
    for (int j = first; j < last; ++j) {
      pivot[j] = LargestBelow(n, j, a, stride);
      double* top = a + j * stride;
      if (pivot[j] != j) std::swap_ranges(top, top + stride, a + pivot[j] * stride);
      if (!std::isfinite(top[j])) return false;
      if (std::abs(top[j]) < kLeastPivot) top[j] = std::copysign(kLeastPivot, top[j]);
      const double inverse = 1 / top[j];
      // The pivot's row, with zeros where the panel is done.
      alignas(64) double row[kPanel] = {};
      for (int c = j + 1; c < last; ++c) row[c - first] = top[c];
      const int skip = (j + 1 - first) / L::kLanes * L::kLanes;
      for (int i = j + 1; i < n; ++i) {
        double* below = a + i * stride;
        const double factor = below[j] * inverse;
        for (int c = skip; c < last - first; c += L::kLanes) {
          L::Store(below + first + c,
                   L::Fnma(L::Set(factor), L::Load(row + c), L::Load(below + first + c)));
        }
        below[j] = factor;
      }
    }
    return true;
  }

  // Rows first … last - 1 of U from column `last` on: L₁₁⁻¹ A₁₂, kVectors vectors of it.
  template <int kVectors>
  static RNNFARM_DENSE_INLINE void SolveStripe(int first, int last, double* a, int64_t stride,
                                               int64_t column) {
    for (int i = first + 1; i < last; ++i) {
      double* row = a + i * stride;
      V sum[kVectors];
      for (int v = 0; v < kVectors; ++v) sum[v] = L::Load(row + column + v * L::kLanes);
      for (int p = first; p < i; ++p) {
        const V factor = L::Set(row[p]);
        const double* above = a + p * stride + column;
        for (int v = 0; v < kVectors; ++v) {
          sum[v] = L::Fnma(factor, L::Load(above + v * L::kLanes), sum[v]);
        }
      }
      for (int v = 0; v < kVectors; ++v) L::Store(row + column + v * L::kLanes, sum[v]);
    }
  }

  static bool Factor(int n, double* a, int64_t stride, int* pivot) {
    for (int first = 0; first < n; first += kPanel) {
      const int last = std::min(n, first + kPanel);
      if (!FactorPanel(n, first, last, a, stride, pivot)) return false;
      int column = last;
      for (; column + kWideVectors * L::kLanes <= n; column += kWideVectors * L::kLanes) {
        SolveStripe<kWideVectors>(first, last, a, stride, column);
      }
      for (; column < n; column += L::kLanes) SolveStripe<1>(first, last, a, stride, column);
      SubtractProduct(n - last, n - last, last - first, a + last * stride + first, stride,
                      a + first * stride + last, stride, a + last * stride + last, stride);
    }
    return true;
  }

  // Σ_{from ≤ j < to} a_j x_j; the same sums of eight lanes whatever a vector holds.
  static RNNFARM_DENSE_INLINE double Dot(const double* a, const double* x, int from, int to) {
    constexpr int kVectors = kPadding / L::kLanes;
    V sum[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = L::Zero();
    int j = from;
    for (; j + kPadding <= to; j += kPadding) {
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = L::Fma(L::Load(a + j + v * L::kLanes), L::Load(x + j + v * L::kLanes), sum[v]);
      }
    }
    double lane[kPadding];
    for (int v = 0; v < kVectors; ++v) L::Store(lane + v * L::kLanes, sum[v]);
    double total =
        ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    for (; j < to; ++j) total += a[j] * x[j];
    return total;
  }

  static void Solve(int n, const double* lu, int64_t stride, const int* pivot, double* x) {
    for (int i = 0; i < n; ++i) std::swap(x[i], x[pivot[i]]);
    for (int i = 1; i < n; ++i) x[i] -= Dot(lu + i * stride, x, 0, i);
    for (int i = n - 1; i >= 0; --i) {
      x[i] = (x[i] - Dot(lu + i * stride, x, i + 1, n)) / lu[i * stride + i];
    }
  }
};

}  // namespace rnnfarm::dynamics::dense

#endif  // RNNFARM_WORKER_DYNAMICS_DENSE_FACTOR_H_
