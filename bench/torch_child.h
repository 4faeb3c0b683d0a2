// PyTorch (or JAX) in a child process, so that it can be timed in alternation with our engines.
//
//   absl::StatusOr<std::unique_ptr<TorchChild>> torch =
//       TorchChild::Start("/usr/bin/python3", {"train_torch.py"});
//   absl::StatusOr<std::string> answer = (*torch)->Ask("prepare nn gru tanh 64");
//
// The script, beside the running program, states the requests. The child gets so many threads and
// the fastest arithmetic kernels that PyTorch has for this processor, whatever this process's
// environment pins.
#ifndef RNNFARM_BENCH_TORCH_CHILD_H_
#define RNNFARM_BENCH_TORCH_CHILD_H_

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace rnnfarm::bench {

class TorchChild {
 public:
  // `script`: its name and arguments. UNAVAILABLE if `python` cannot be started or the script finds
  // no library to time.
  static absl::StatusOr<std::unique_ptr<TorchChild>> Start(const std::string& python,
                                                           const std::vector<std::string>& script,
                                                           int threads = 1);
  ~TorchChild();
  TorchChild(const TorchChild&) = delete;
  TorchChild& operator=(const TorchChild&) = delete;

  const std::string& version() const { return version_; }
  // One line there, one line back. INTERNAL with the child's words where it failed.
  absl::StatusOr<std::string> Ask(const std::string& request);

 private:
  TorchChild(pid_t pid, FILE* stream) : pid_(pid), stream_(stream) {}
  absl::StatusOr<std::string> ReadLine();

  const pid_t pid_;
  FILE* const stream_;  // both ways
  std::string version_;
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_TORCH_CHILD_H_
