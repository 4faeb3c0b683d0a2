#include "bench/train_check.h"

#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/array_file.h"
#include "base/random_stream.h"
#include "bench/train_case.h"

namespace rnnfarm::bench {

namespace {

constexpr int64_t kIterations = 3;
constexpr char kKey[] = "check";

// Relative. Rounded factors move a loss by about their last bit.
double Tolerance(engine::Precision precision) {
  switch (precision) {
    case engine::Precision::kFp32:
      break;
    case engine::Precision::kTf32:
      return 1e-2;
    case engine::Precision::kBf16:
      return 5e-2;
  }
  return 1e-4;
}

absl::Status Differ(const rnn::CellSpec& cell, const std::string& who, const std::string& what,
                    double error, double tolerance) {
  if (error <= tolerance) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(CaseName(cell), " of ", cell.units, " units: ", who,
                                          " differs from the reference engine in ", what, " by ",
                                          error, " relative; at most ", tolerance, " is allowed"));
}

absl::StatusOr<engine::Checkpoint> TrainAFew(engine::Engine& engine, const task::Task& task,
                                             const rnn::CellSpec& cell,
                                             engine::Precision precision) {
  engine::Plan plan = PlanOf(task);
  plan.precision = precision;
  Silent silent;
  auto outcomes = TrainToEnd(engine, plan, {MemberOf(task, cell, kKey, kIterations)}, 1, silent);
  if (!outcomes.ok()) return outcomes.status();
  return std::move(outcomes->front().last);
}

// The training loss of each iteration.
std::vector<double> Losses(const engine::Checkpoint& checkpoint) {
  std::vector<double> losses;
  for (const rnn::LossPoint& point : checkpoint.loss_curve) {
    if (point.iteration > 0) losses.push_back(point.train_loss);
  }
  return losses;
}

double LargestError(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(a[i] - b[i]) / std::abs(b[i]);
    if (!(error <= largest)) largest = error;  // NaN too
  }
  return largest;
}

// ‖a - b‖ / ‖b‖
double Distance(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
    norm += double{b[i]} * b[i];
  }
  return std::sqrt(difference / norm);
}

// Initial weights and the trials of each iteration, as the engines have them.
absl::Status WriteInputs(const std::string& path, const task::Task& task,
                         const rnn::CellSpec& cell) {
  const engine::Plan plan = PlanOf(task);
  const std::vector<float> flat = engine::InitialParameters(plan.base_seed, kKey, cell);
  base::Archive archive;
  for (const rnn::ParameterSlice& slice : rnn::ParameterLayout(cell)) {
    archive.Add(slice.name, base::Array::Of<float>(slice.shape, absl::MakeConstSpan(flat).subspan(
                                                                    slice.offset, slice.size)));
  }
  // Iteration t takes the substreams from t B on: all of them at once.
  const task::Trials trials = task.Generate(base::DeriveStream(plan.base_seed, kKey, "trials"), 0,
                                            kIterations * kBatch, task.steps());
  archive.Add("x", base::Array::Of<float>({kIterations, kBatch, task.steps(), task.inputs()},
                                          absl::MakeConstSpan(trials.x)));
  archive.Add("y", base::Array::Of<float>({kIterations, kBatch, task.steps(), task.outputs()},
                                          absl::MakeConstSpan(trials.y)));
  const absl::StatusOr<std::string> bytes = archive.Encode();
  return bytes.ok() ? base::WriteFile(path, *bytes) : bytes.status();
}

absl::Status CheckPeer(const Peer& peer, const rnn::CellSpec& cell, const std::string& path,
                       const std::vector<double>& expected, double tolerance) {
  const absl::StatusOr<std::string> answer =
      peer.child->Ask(absl::StrCat("check ", peer.variant, " ", rnn::Name(cell.architecture), " ",
                                   rnn::Name(cell.activation), " ", cell.units, " ", path));
  if (!answer.ok()) return answer.status();
  if (*answer == "incomparable") return absl::OkStatus();
  std::vector<double> losses;
  for (const absl::string_view word : absl::StrSplit(*answer, ' ')) {
    if (!absl::SimpleAtod(word, &losses.emplace_back())) losses.back() = HUGE_VAL;
  }
  return Differ(cell, absl::StrCat(peer.variant, " of ", peer.child->version()), "loss",
                LargestError(losses, expected), tolerance);
}

}  // namespace

absl::StatusOr<std::vector<absl::Status>> CheckAgreement(
    engine::Engine& engine, engine::Engine& reference, const task::Task& task,
    const rnn::CellSpec& spec, const std::vector<Peer>& peers, engine::Precision precision) {
  const rnn::CellSpec cell = MemberOf(task, spec, kKey, kIterations).cell;
  const auto expected = TrainAFew(reference, task, cell, engine::Precision::kFp32);
  const auto got = TrainAFew(engine, task, cell, precision);
  if (!expected.ok()) return expected.status();
  if (!got.ok()) return got.status();
  const std::string who = absl::StrCat("engine ", engine.name());
  const double tolerance = Tolerance(precision);
  absl::Status status =
      Differ(cell, who, "loss", LargestError(Losses(*got), Losses(*expected)), tolerance);
  status.Update(
      Differ(cell, who, "parameters", Distance(got->parameters, expected->parameters), tolerance));
  if (!status.ok()) return status;
  const std::string path = (std::filesystem::temp_directory_path() /
                            absl::StrCat("bench_train_check_", getpid(), ".npz"))
                               .string();
  status = WriteInputs(path, task, cell);
  std::vector<absl::Status> verdicts;
  for (const Peer& peer : peers) {
    if (!status.ok()) break;
    verdicts.push_back(CheckPeer(peer, cell, path, Losses(*expected), tolerance));
  }
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  if (!status.ok()) return status;
  return verdicts;
}

}  // namespace rnnfarm::bench
