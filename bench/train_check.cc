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
constexpr double kTolerance = 1e-4;  // relative
constexpr char kKey[] = "check";

absl::Status Differ(const rnn::CellSpec& cell, const std::string& who, const std::string& what,
                    double error) {
  if (error <= kTolerance) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(CaseName(cell), " of ", cell.units, " units: ", who,
                                          " differs from the reference engine in ", what, " by ",
                                          error, " relative; at most ", kTolerance, " is allowed"));
}

absl::StatusOr<engine::Checkpoint> TrainAFew(engine::Engine& engine, const task::Task& task,
                                             const rnn::CellSpec& cell) {
  Silent silent;
  auto outcomes =
      TrainToEnd(engine, PlanOf(task), {MemberOf(task, cell, kKey, kIterations)}, 1, silent);
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

absl::Status CheckTorch(TorchChild& torch, const rnn::CellSpec& cell, const std::string& path,
                        const std::vector<double>& expected) {
  for (const char* variant : {"nn", "bmm"}) {
    const absl::StatusOr<std::string> answer =
        torch.Ask(absl::StrCat("check ", variant, " ", rnn::Name(cell.architecture), " ",
                               rnn::Name(cell.activation), " ", cell.units, " ", path));
    if (!answer.ok()) return answer.status();
    if (*answer == "incomparable") continue;
    std::vector<double> losses;
    for (const absl::string_view word : absl::StrSplit(*answer, ' ')) {
      if (!absl::SimpleAtod(word, &losses.emplace_back())) losses.back() = HUGE_VAL;
    }
    if (absl::Status status = Differ(cell, absl::StrCat("PyTorch's ", variant), "loss",
                                     LargestError(losses, expected));
        !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAgreement(engine::Engine& engine, engine::Engine& reference, TorchChild* torch,
                            const task::Task& task, const rnn::CellSpec& spec) {
  const rnn::CellSpec cell = MemberOf(task, spec, kKey, kIterations).cell;
  const auto expected = TrainAFew(reference, task, cell);
  const auto got = TrainAFew(engine, task, cell);
  if (!expected.ok()) return expected.status();
  if (!got.ok()) return got.status();
  const std::string who = absl::StrCat("engine ", engine.name());
  absl::Status status = Differ(cell, who, "loss", LargestError(Losses(*got), Losses(*expected)));
  status.Update(Differ(cell, who, "parameters", Distance(got->parameters, expected->parameters)));
  if (!status.ok() || torch == nullptr) return status;
  const std::string path = (std::filesystem::temp_directory_path() /
                            absl::StrCat("bench_train_check_", getpid(), ".npz"))
                               .string();
  status = WriteInputs(path, task, cell);
  if (status.ok()) status = CheckTorch(*torch, cell, path, Losses(*expected));
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return status;
}

}  // namespace rnnfarm::bench
