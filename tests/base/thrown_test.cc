#include "base/thrown.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace rnnfarm::base {
namespace {

TEST(Thrown, KnowsMemoryThatRanOut) {
  EXPECT_TRUE(absl::IsResourceExhausted(StatusOfThrown("it", std::bad_alloc())));
  EXPECT_TRUE(absl::IsResourceExhausted(StatusOfThrown("it", std::bad_array_new_length())));
  for (const char* text :
       {"[enforce fail at alloc_cpu.cpp:66] . DefaultCPUAllocator: can't allocate memory: you "
        "tried "
        "to allocate 4398046511104 bytes. Error code 12 (Cannot allocate memory)",
        "CUDA out of memory. Tried to allocate 20.00 MiB (GPU 0; 79.15 GiB total capacity)",
        "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"}) {
    EXPECT_TRUE(absl::IsResourceExhausted(StatusOfThrown("it", std::runtime_error(text)))) << text;
  }
}

TEST(Thrown, TellsWhatFailedByTheFirstLine) {
  const absl::Status status = StatusOfThrown(
      "training s1", std::runtime_error("mat1 and mat2 differ\nframe #0: out of memory"));
  EXPECT_EQ(status, absl::InternalError("training s1 failed: mat1 and mat2 differ"));
}

}  // namespace
}  // namespace rnnfarm::base
