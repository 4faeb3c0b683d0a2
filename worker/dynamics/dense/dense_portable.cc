#include "worker/dynamics/dense/factor.h"

namespace rnnfarm::dynamics::dense {
namespace {

struct Portable {
  using V = double;
  static constexpr int kLanes = 1, kTileRows = 4, kTileVectors = 4;
  static V Zero() { return 0; }
  static V Set(double x) { return x; }
  static V Load(const double* from) { return *from; }
  static void Store(double* to, V x) { *to = x; }
  static V Mul(V a, V b) { return a * b; }
  static V Fma(V a, V b, V c) { return c + a * b; }
  static V Fnma(V a, V b, V c) { return c - a * b; }
};

}  // namespace

extern const Kernels kPortableKernels;
const Kernels kPortableKernels = Instantiation<Portable>::Table("portable");

}  // namespace rnnfarm::dynamics::dense
