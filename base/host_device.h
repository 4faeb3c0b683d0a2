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

#endif  // RNNFARM_BASE_HOST_DEVICE_H_
