#include "worker/engine/cuda/clusters.h"
#include "worker/engine/cuda/cuda_machine.cuh"

namespace rnnfarm::engine::cuda {

namespace {

// Compiled like all others, and never launched.
__global__ void Nothing() {}

}  // namespace

bool ClustersAreCompiled(int device) {
  constexpr int kLeastVersion = 90;
  Check(cudaSetDevice(device), "choosing the device");
  cudaFuncAttributes attributes = {};
  Check(cudaFuncGetAttributes(&attributes, Nothing), "asking for a kernel's version");
  return attributes.ptxVersion >= kLeastVersion;
}

CudaMachine::CudaMachine(int device, Rounding rounding) : device_(device), rounding_(rounding) {
  Check(cudaSetDevice(device), "choosing the device");
  Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
}

CudaMachine::~CudaMachine() {
  cudaSetDevice(device_);
  cudaStreamSynchronize(stream_);
  for (const auto& [key, recording] : recordings_) {
    if (recording.graph != nullptr) cudaGraphExecDestroy(recording.graph);
  }
  cublas_.reset();
  for (void* block : memory_) cudaFree(block);
  cudaStreamDestroy(stream_);
  cudaGetLastError();
}

void CudaMachine::AbandonRecording() {
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream_, &graph);
  if (graph != nullptr) cudaGraphDestroy(graph);
  cudaGetLastError();
}

void* CudaMachine::AllocateBytes(size_t bytes) {
  void* block = nullptr;
  Check(cudaMalloc(&block, bytes), "taking memory");
  memory_.push_back(block);
  Check(cudaMemsetAsync(block, 0, bytes, stream_), "clearing memory");
  return block;
}

// Waits, so that the host's memory may go.
void CudaMachine::Copy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  Check(cudaSetDevice(device_), "choosing the device");
  Check(cudaMemcpyAsync(to, from, bytes, kind, stream_), "copying");
  Check(cudaStreamSynchronize(stream_), "waiting for the device");
}

void CudaMachine::Multiply(const Product& product) {
  if (cublas_ == nullptr) {
    throw std::logic_error("a product outside the general design");
  }
  cublas_->Multiply(product, rounding_);
}

void CudaMachine::PrepareProducts() {
  cublas_ = std::make_unique<Cublas>(stream_, AllocateBytes(kWorkspaceBytes), kWorkspaceBytes);
}

void CudaMachine::BeginRecording() {
  Check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording a graph");
}

cudaGraphExec_t CudaMachine::EndRecording() {
  cudaGraph_t graph = nullptr;
  Check(cudaStreamEndCapture(stream_, &graph), "recording a graph");
  cudaGraphExec_t recorded = nullptr;
  const cudaError_t error = cudaGraphInstantiate(&recorded, graph, 0);
  cudaGraphDestroy(graph);
  Check(error, "making a graph");
  return recorded;
}

}  // namespace rnnfarm::engine::cuda
