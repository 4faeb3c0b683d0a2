#include "worker/engine/cuda/cublas.h"

#include <cublas_v2.h>
#include <dlfcn.h>

#include <new>
#include <stdexcept>
#include <string>

namespace rnnfarm::engine::cuda {

namespace {

// Its functions that are used here.
struct Library {
  decltype(&cublasCreate) create;
  decltype(&cublasDestroy) destroy;
  decltype(&cublasSetStream) set_stream;
  decltype(&cublasSetWorkspace) set_workspace;
  // Written out: C++ has further functions of this name.
  cublasStatus_t (*multiply)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int m, int n,
                             int k, const void* alpha, const void* a, cudaDataType, int a_row,
                             long long a_slot, const void* b, cudaDataType, int b_row,
                             long long b_slot, const void* beta, void* c, cudaDataType, int c_row,
                             long long c_slot, int count, cublasComputeType_t, cublasGemmAlgo_t);
};

template <class Function>
void Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) {
    throw std::runtime_error(std::string("cuBLAS has no function ") + name);
  }
}

const Library& TheLibrary() {
  static const Library library = [] {
    const std::string name = "libcublas.so." + std::to_string(CUBLAS_VER_MAJOR);
    void* file = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (file == nullptr) {
      throw std::runtime_error("cuBLAS cannot be loaded (" + std::string(dlerror()) +
                               "); install it or add its folder to LD_LIBRARY_PATH");
    }
    Library found;
    Find(file, "cublasCreate_v2", found.create);
    Find(file, "cublasDestroy_v2", found.destroy);
    Find(file, "cublasSetStream_v2", found.set_stream);
    Find(file, "cublasSetWorkspace_v2", found.set_workspace);
    Find(file, "cublasGemmStridedBatchedEx", found.multiply);
    return found;
  }();
  return library;
}

void Check(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw std::bad_alloc();
  throw std::runtime_error(std::string("cuBLAS: ") + what + " failed with status " +
                           std::to_string(static_cast<int>(status)));
}

cublasComputeType_t TypeOf(Rounding rounding) {
  switch (rounding) {
    case Rounding::kTf32:
      return CUBLAS_COMPUTE_32F_FAST_TF32;
    case Rounding::kBf16:
      return CUBLAS_COMPUTE_32F_FAST_16BF;
    case Rounding::kFp32:
      break;
  }
  return CUBLAS_COMPUTE_32F;
}

}  // namespace

Cublas::Cublas(cudaStream_t stream, void* workspace, size_t workspace_bytes) {
  const Library& library = TheLibrary();
  Check(library.create(&handle_), "its start");
  try {
    Check(library.set_stream(handle_, stream), "the choice of a stream");
    Check(library.set_workspace(handle_, workspace, workspace_bytes), "the choice of a workspace");
  } catch (...) {
    library.destroy(handle_);
    throw;
  }
}

Cublas::~Cublas() { TheLibrary().destroy(handle_); }

// The library's matrices are column-major: it is asked for the transpose of the product.
void Cublas::Multiply(const Product& p, Rounding rounding) {
  const auto transposition = [](const Product::Factor& factor) {
    return factor.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  };
  const float one = 1;
  Check(TheLibrary().multiply(handle_, transposition(p.b), transposition(p.a),
                              static_cast<int>(p.n), static_cast<int>(p.m), static_cast<int>(p.k),
                              &one, p.b.first, CUDA_R_32F, static_cast<int>(p.b.row), p.b.slot,
                              p.a.first, CUDA_R_32F, static_cast<int>(p.a.row), p.a.slot, &p.beta,
                              p.c, CUDA_R_32F, static_cast<int>(p.c_row), p.c_slot,
                              static_cast<int>(p.slots), TypeOf(rounding), CUBLAS_GEMM_DEFAULT),
        "a product");
}

}  // namespace rnnfarm::engine::cuda
