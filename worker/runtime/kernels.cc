#include "worker/runtime/kernels.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace rnnfarm::worker {

#if defined(__x86_64__)
namespace {

// True if `name` had to be set.
bool SetUnlessGiven(const char* name, const char* value) {
  if (std::getenv(name) != nullptr) return false;
  return setenv(name, value, /*overwrite=*/0) == 0;
}

}  // namespace

void PinKernels(char** argv) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  const bool blas = SetUnlessGiven("OPENBLAS_CORETYPE", "Haswell");
  const bool torch = SetUnlessGiven("ATEN_CPU_CAPABILITY", "avx2");
  if (!blas && !torch) return;
  // By its path rather than as /proc/self/exe, so that the process keeps its name.
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) execv(program.c_str(), argv);
  std::fprintf(stderr,
               "rnnfarm: the arithmetic kernels could not be pinned (%s); results may differ in "
               "rounding from other machines'.\n",
               error ? error.message().c_str() : std::strerror(errno));
}
#else
void PinKernels(char**) {}
#endif

}  // namespace rnnfarm::worker
