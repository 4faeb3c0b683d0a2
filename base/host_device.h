// For functions that run both on the processor and, compiled by nvcc, on a CUDA device. Headers
// that use these macros include the standard library and one another only, and call nothing that
// is no device function (std::bit_cast and std::array are none; __builtin_bit_cast is).
//
// A device gives the bits of the processor if its code is compiled with -fmad=false: otherwise nvcc
// contracts a * b + c into one operation that rounds once. Its defaults for square roots, divisions
// and subnormal numbers (-prec-sqrt=true -prec-div=true -ftz=false) are those of IEEE 754.
#ifndef RNNFARM_BASE_HOST_DEVICE_H_
#define RNNFARM_BASE_HOST_DEVICE_H_

#ifdef __CUDACC__
#define RNNFARM_HD __host__ __device__
#define RNNFARM_HD_INLINE __host__ __device__ __forceinline__
#else
#define RNNFARM_HD
// Always part of its caller, so that a loop over it is vectorised for the caller's vector unit
// (base/vector_unit.h).
#define RNNFARM_HD_INLINE inline __attribute__((always_inline))
#endif

namespace rnnfarm::base {

// a b + c: rounded once on a device, and on the processor wherever its compiler pleases, since
// most processors that run it this way (tests) would ask a library.
RNNFARM_HD_INLINE float MultiplyAdd(float a, float b, float c) {
#ifdef __CUDA_ARCH__
  return fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

}  // namespace rnnfarm::base

// Before a loop of known length, whose variables are to be registers of a device.
#ifdef __CUDA_ARCH__
#define RNNFARM_UNROLL _Pragma("unroll")
#define RNNFARM_UNROLL_BY_4 _Pragma("unroll 4")
#else
#define RNNFARM_UNROLL
#define RNNFARM_UNROLL_BY_4
#endif

#endif  // RNNFARM_BASE_HOST_DEVICE_H_
