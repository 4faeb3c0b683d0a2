#include "analysis/pairwise/pair_block.h"

#include <limits>
#include <memory>

#include "analysis/pairwise/product.h"

namespace rnnfarm::analysis {
namespace {

using Lists = absl::Span<const Prepared* const>;

// The products of all pairs, side by side in one matrix.
class Products {
 public:
  Products(Lists a, Lists b) {
    static const ProductKernel& kernel = *UsableProductKernels().front();
    const std::vector<Strip> left = StripsOf(a, rows_), right = StripsOf(b, columns_);
    if (rows_.back() == 0 || columns_.back() == 0) return;
    stride_ = ProductKernel::RoundUp(columns_.back(), kernel.right_width);
    values_ = Room<0>(ProductKernel::RoundUp(rows_.back(), kernel.left_width) * stride_);
    kernel.multiply(a.front()->factors.rows(), left, right, values_, stride_,
                    Room<1>(kernel.WorkspaceFloats(rows_.back(), columns_.back())));
  }

  void Get(int i, int j, Matrix& out) const {
    const int64_t rows = rows_[i + 1] - rows_[i], columns = columns_[j + 1] - columns_[j];
    out.resize(rows, columns);
    for (int64_t r = 0; r < rows; ++r) {
      const float* from = values_ + (rows_[i] + r) * stride_ + columns_[j];
      for (int64_t c = 0; c < columns; ++c) out(r, c) = from[c];
    }
  }

 private:
  // Memory of this thread that stays with it: to have megabytes anew for every product costs more
  // than to fill them. One Products a thread at a time.
  template <int kUse>
  static float* Room(int64_t floats) {
    thread_local std::unique_ptr<float[]> room;
    thread_local int64_t size = 0;
    if (size < floats) {
      room.reset(new float[floats]);
      size = floats;
    }
    return room.get();
  }

  // `first`: where each one's columns begin, and the end.
  static std::vector<Strip> StripsOf(Lists list, std::vector<int64_t>& first) {
    std::vector<Strip> strips;
    first = {0};
    for (const Prepared* prepared : list) {
      strips.push_back({prepared->factors.data(), prepared->factors.cols()});
      first.push_back(first.back() + prepared->factors.cols());
    }
    return strips;
  }

  std::vector<int64_t> rows_, columns_;
  int64_t stride_ = 0;
  float* values_ = nullptr;
};

double DistanceOf(const Metric& metric, const Prepared& a, const Prepared& b,
                  const Matrix& product) {
  const double distance = metric.Distance(a, b, product);
  if (!metric.IsNear(a, b, distance)) return distance;
  return metric.ExactDistance(a, b,
                              a.factors.cast<double>().transpose() * b.factors.cast<double>());
}

}  // namespace

bool MeasurePairs(const Metric& metric, Lists a, Lists b,
                  const std::function<void(int, int, double)>& store,
                  const std::function<bool()>& go_on) {
  if (a.empty() || b.empty()) return true;
  const bool same = a.data() == b.data();
  const bool comparable = !metric.EqualExtents() || a.front()->extent == b.front()->extent;
  if (!comparable) {
    for (int i = 0; i < static_cast<int>(a.size()); ++i) {
      for (int j = 0; j < static_cast<int>(b.size()); ++j) {
        store(i, j, std::numeric_limits<double>::quiet_NaN());
      }
    }
    return true;
  }
  const Products products(a, b);
  Matrix product;
  for (int i = 0; i < static_cast<int>(a.size()); ++i) {
    for (int j = same ? i + 1 : 0; j < static_cast<int>(b.size()); ++j) {
      products.Get(i, j, product);
      store(i, j, DistanceOf(metric, *a[i], *b[j], product));
    }
    if (!go_on()) return false;
  }
  return true;
}

}  // namespace rnnfarm::analysis
