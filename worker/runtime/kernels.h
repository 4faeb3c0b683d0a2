// Which arithmetic kernels the libraries choose.
#ifndef RNNFARM_WORKER_RUNTIME_KERNELS_H_
#define RNNFARM_WORKER_RUNTIME_KERNELS_H_

namespace rnnfarm::worker {

// Makes OpenBLAS and libtorch choose their AVX2 kernels on every x86-64 processor that has them,
// where they would choose by model: other kernels round differently, training amplifies that, and a
// network's bytes must not depend on which worker trained it. A setting of the user's in
// OPENBLAS_CORETYPE or ATEN_CPU_CAPABILITY stands.
//
// OpenBLAS reads its variable while the program is loaded, so this starts the program once more
// with the variables set; call it first thing in main. Does nothing on other processors.
void PinKernels(char** argv);

}  // namespace rnnfarm::worker

#endif  // RNNFARM_WORKER_RUNTIME_KERNELS_H_
