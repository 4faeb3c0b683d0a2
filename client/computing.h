// What computes networks needs libtorch, of which the loading alone takes a second. That is done by
// the program rnnfarm-compute; rnnfarm, which people and the tab key wait for, becomes it when one
// of these is asked for.
#ifndef RNNFARM_CLIENT_COMPUTING_H_
#define RNNFARM_CLIENT_COMPUTING_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/pull.h"
#include "worker/dynamics/analysis.h"
#include "worker/rnn/foreign_network.h"

namespace rnnfarm::client {

struct Program;

struct RunArguments {
  std::string file, out;
  std::vector<std::string> set, formats;
  int threads = 0;
  std::string engine = "cpu";
  int64_t memory_bytes = 0;
  bool retry_failed = false, extend = false;
  double interval_seconds = 10;
};

struct FixedPointsArguments {
  std::string network, out, task;
  rnn::ForeignCell cell;
  bool gives_gate_bias = false, gives_alpha = false;  // not the defaults
  std::vector<std::string> conditions;
  dynamics::Settings settings;
  uint64_t base_seed = 0;
  std::string format = "table";
};

// Environment variable by which the program that does it elsewhere is told base::BuildText() of the
// one that it was: half of an update would fail in stranger ways.
inline constexpr char kCallerBuild[] = "RNNFARM_CALLER_BUILD";

struct Computing {
  // Called before the others. Where another program does them it becomes that program with the same
  // arguments, and returns only with why it could not.
  std::function<absl::Status()> reach = [] { return absl::OkStatus(); };
  // The commands `run` and `fixed-points`: the exit code.
  std::function<int(Program&, const RunArguments&)> run;
  std::function<int(Program&, const FixedPointsArguments&)> find_fixed_points;
  // The files of --format pt.
  TorchWriter write_torch_files;
};

// By the program rnnfarm-compute beside this one. `arguments` are those of this program.
Computing ComputingElsewhere(const std::vector<std::string>& arguments);

}  // namespace rnnfarm::client

#endif  // RNNFARM_CLIENT_COMPUTING_H_
