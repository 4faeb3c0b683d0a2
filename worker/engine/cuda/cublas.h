// The products of the general design by cuBLAS, which is loaded when the first one is needed: a
// program that has this in it starts without the library.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_CUBLAS_H_
#define RNNFARM_WORKER_ENGINE_CUDA_CUBLAS_H_

#include <cuda_runtime_api.h>

#include "worker/engine/cuda/parts.h"
#include "worker/engine/cuda/sequence.h"

struct cublasContext;

namespace rnnfarm::engine::cuda {

class Cublas {
 public:
  // On `stream` of the current device, with `workspace` of its memory, so that products can be
  // recorded. std::runtime_error tells what is missing.
  Cublas(cudaStream_t stream, void* workspace, size_t workspace_bytes);
  ~Cublas();
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;

  void Multiply(const Product& product, Rounding rounding);

 private:
  cublasContext* handle_ = nullptr;
};

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_CUBLAS_H_
