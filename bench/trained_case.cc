#include "bench/trained_case.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "bench/train_case.h"
#include "worker/engine/engine.h"

namespace rnnfarm::bench {

namespace {

constexpr double kL2 = 1e-5;
constexpr int kValidationTrials = 256;

std::string PathOf(const std::string& folder, const rnn::CellSpec& cell) {
  return absl::StrCat(folder, "/", CaseName(cell), "-", cell.units, ".npz");
}

absl::StatusOr<rnn::NetworkFile> Train(const rnn::CellSpec& cell, int64_t iterations) {
  const std::unique_ptr<task::Task> task = FlipFlopTask();
  const auto engine = engine::MakeEngine("cpu");
  if (!engine.ok()) return engine.status();
  engine::Plan plan = PlanOf(*task);
  plan.iterations = plan.decay_steps = plan.checkpoint_every = iterations;
  plan.validation_trials = kValidationTrials;
  plan.log_every = iterations;
  const std::string key = absl::StrCat("fixed-points-", CaseName(cell), "-", cell.units);
  engine::Member member = MemberOf(*task, cell, key, iterations);
  member.l2 = kL2;
  const bool additive = cell.architecture == rnn::Architecture::kVanilla;
  member.hyperparameters = {additive ? 0.03 : 0.1, /*lr_decay=*/0.5, /*momentum=*/0.9,
                            /*clip_norm=*/1};
  Silent silent;
  auto outcomes = TrainToEnd(**engine, plan, {member}, 1, silent);
  if (!outcomes.ok()) return outcomes.status();
  rnn::NetworkFile network;
  network.spec = member.cell;
  network.parameters = std::move((*outcomes)[0].last.parameters);
  network.loss_curve = std::move((*outcomes)[0].last.loss_curve);
  return network;
}

absl::StatusOr<rnn::NetworkFile> ReadOrTrain(const rnn::CellSpec& cell, const std::string& folder,
                                             int64_t iterations) {
  const std::string path = PathOf(folder, cell);
  if (!folder.empty() && std::filesystem::exists(path)) {
    const absl::StatusOr<std::string> bytes = base::ReadFile(path);
    if (!bytes.ok()) return bytes.status();
    return rnn::DecodeNetwork(*bytes, path);
  }
  absl::StatusOr<rnn::NetworkFile> network = Train(cell, iterations);
  if (!network.ok() || folder.empty()) return network;
  const absl::StatusOr<std::string> bytes = rnn::EncodeNetwork(*network);
  if (!bytes.ok()) return bytes.status();
  std::filesystem::create_directories(folder);
  const absl::Status written = base::WriteFile(path, *bytes);
  if (!written.ok()) return written;
  return network;
}

}  // namespace

absl::StatusOr<std::vector<TrainedCase>> TrainedCases(const std::vector<rnn::CellSpec>& cells,
                                                      const std::string& folder,
                                                      int64_t iterations) {
  std::vector<absl::StatusOr<rnn::NetworkFile>> networks(cells.size(),
                                                         absl::UnknownError("not trained"));
  // The largest come last in the order of cases and take longest: begin with them.
  std::atomic<int> next = static_cast<int>(cells.size()) - 1;
  const auto work = [&] {
    for (int i = next--; i >= 0; i = next--)
      networks[i] = ReadOrTrain(cells[i], folder, iterations);
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<TrainedCase> cases;
  for (absl::StatusOr<rnn::NetworkFile>& network : networks) {
    if (!network.ok()) return network.status();
    const double loss =
        network->loss_curve.empty() ? 0 : network->loss_curve.back().validation_loss;
    cases.push_back({*std::move(network), loss});
  }
  return cases;
}

}  // namespace rnnfarm::bench
