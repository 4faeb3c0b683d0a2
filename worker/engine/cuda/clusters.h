// Whether kernels of clusters may be launched.
#ifndef RNNFARM_WORKER_ENGINE_CUDA_CLUSTERS_H_
#define RNNFARM_WORKER_ENGINE_CUDA_CLUSTERS_H_

namespace rnnfarm::engine::cuda {

// Whether the code that a device would run is compiled with clusters: not that of an older compute
// capability, which newer devices run too. Takes hold of the device.
bool ClustersAreCompiled(int device);

}  // namespace rnnfarm::engine::cuda

#endif  // RNNFARM_WORKER_ENGINE_CUDA_CLUSTERS_H_
