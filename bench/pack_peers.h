// What a user of PyTorch or JAX would train a pack of networks with, timed beside our engines.
#ifndef RNNFARM_BENCH_PACK_PEERS_H_
#define RNNFARM_BENCH_PACK_PEERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/torch_child.h"
#include "bench/train_check.h"
#include "worker/engine/engine.h"
#include "worker/rnn/cell_spec.h"

namespace rnnfarm::bench {

// "loop", "bmm", "graph" (PyTorch) or "jax"; train_population.py says what they are.
struct PackForm {
  std::string name;
  std::string library;     // "torch" or "jax"
  std::string why_absent;  // empty: it is there
};

class PackPeers {
 public:
  struct Options {
    std::string python;  // empty: every form is absent
    bool on_device = false;
    engine::Precision precision = engine::Precision::kFp32;
    bool quick = false;  // nothing that compiles for long
  };
  struct Prepared {
    double seconds = 0;  // an iteration and network, roughly
    std::string how;     // it runs
  };

  explicit PackPeers(Options options);

  const std::vector<PackForm>& forms() const { return forms_; }
  // Of the libraries that are there.
  const std::vector<std::string>& versions() const { return versions_; }

  // Operations a second of a large product in PyTorch, in "fp32", "tf32" or "bf16"; UNAVAILABLE
  // without PyTorch on this device.
  absl::StatusOr<double> Peak(const std::string& precision);
  // For CheckAgreement; good until Release.
  absl::StatusOr<Peer> ForCheck(const PackForm& form);
  // RESOURCE_EXHAUSTED where the memory is too small.
  absl::StatusOr<Prepared> Prepare(const PackForm& form, const rnn::CellSpec& cell, int networks);
  // Seconds an iteration and network of what was prepared last, mean of `iterations`.
  absl::StatusOr<double> Time(const PackForm& form, int64_t iterations);
  // Frees the memory of the form's networks, which the engine and the others need.
  void Release(const PackForm& form);
  // Ends the form's process; the next request starts it anew. For one that failed a check.
  void End(const PackForm& form);

 private:
  absl::StatusOr<TorchChild*> Child(const std::string& library);
  // A child that failed is started anew for the next.
  absl::StatusOr<std::string> Ask(const std::string& library, const std::string& request);
  void Find(const std::string& library, const std::vector<std::string>& names);

  const Options options_;
  std::unique_ptr<TorchChild> torch_, jax_;
  std::vector<PackForm> forms_;
  std::vector<std::string> versions_;
};

}  // namespace rnnfarm::bench

#endif  // RNNFARM_BENCH_PACK_PEERS_H_
