// A task given by its trials: inputs and targets (trials x time x channels), optionally mask
// (trials x time, or trials x time x outputs) and conditions (conditions x inputs).
#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "base/array_file.h"
#include "worker/task/kinds.h"

namespace rnnfarm::task {

namespace {

constexpr int kMaxTrials = 10'000'000;
constexpr int kMaxChannels = 65'536;

class DatasetTask final : public Task {
 public:
  DatasetTask(Trials trials, std::vector<Condition> conditions)
      : trials_(std::move(trials)), conditions_(std::move(conditions)) {}

  int inputs() const override { return trials_.inputs; }
  int outputs() const override { return trials_.outputs; }
  int steps() const override { return trials_.steps; }

  using Task::Generate;
  void Generate(base::StreamKey key, uint64_t first_substream, int count, int steps,
                Trials& trials) const override {
    Resize(count, steps, trials);
    for (int row = 0; row < count; ++row) {
      Copy(base::RandomStream(key, first_substream + row).Below(trials_.count), row, trials);
    }
  }
  TrialRecipe recipe() const override { return &trials_; }

  Trials Probe(uint64_t) const override {
    Trials trials;
    Resize(std::min(trials_.count, kProbeTrials), trials_.steps, trials);
    for (int row = 0; row < trials.count; ++row) Copy(row, row, trials);
    return trials;
  }

  std::vector<Condition> Conditions() const override { return conditions_; }
  GraphKind graph() const override { return GraphKind::kTransition; }
  double start_noise() const override { return 0.05; }

 private:
  void Resize(int count, int steps, Trials& trials) const {
    Shape(count, steps, inputs(), outputs(), trials);
    if (!trials_.mask.empty()) trials.mask.resize(trials.y.size());
  }

  // The first steps of the data set's trial `from` become trial `to`.
  void Copy(size_t from, size_t to, Trials& trials) const {
    const auto copy = [&](const std::vector<float>& source, int channels,
                          std::vector<float>& target) {
      const size_t taken = size_t(trials.steps) * channels;
      std::copy_n(source.begin() + from * trials_.steps * channels, taken,
                  target.begin() + to * taken);
    };
    copy(trials_.x, inputs(), trials.x);
    copy(trials_.y, outputs(), trials.y);
    if (!trials_.mask.empty()) copy(trials_.mask, outputs(), trials.mask);
  }

  Trials trials_;
  std::vector<Condition> conditions_;
};

absl::Status Wrong(absl::string_view source, absl::string_view array, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": array ", array, " ", what));
}

// The array's numbers as float32, all finite.
absl::StatusOr<std::vector<float>> Floats(const base::Array& array, absl::string_view name,
                                          absl::string_view source) {
  auto numbers = array.ToDoubles();
  if (!numbers.ok()) return Wrong(source, name, numbers.status().message());
  std::vector<float> out;
  out.reserve(numbers->size());
  for (const double value : *numbers) {
    if (!(std::abs(value) <= std::numeric_limits<float>::max())) {
      return Wrong(source, name,
                   absl::StrCat("is not finite (or beyond float32) at element ", out.size()));
    }
    out.push_back(static_cast<float>(value));
  }
  return out;
}

absl::Status ReadExtents(const base::Archive& archive, absl::string_view source, Trials& trials) {
  auto x = archive.Find("inputs", {-1, -1, -1});
  if (!x.ok()) return x.status();
  const std::vector<int64_t>& shape = (*x)->shape;
  const std::pair<absl::string_view, int64_t> limits[] = {
      {"trials", kMaxTrials}, {"steps", kMaxSteps}, {"channels", kMaxChannels}};
  for (int i = 0; i < 3; ++i) {
    if (shape[i] < 1 || shape[i] > limits[i].second) {
      return Wrong(source, "inputs",
                   absl::StrCat("has ", shape[i], " ", limits[i].first, "; expected 1 to ",
                                limits[i].second));
    }
  }
  auto y = archive.Find("targets", {shape[0], shape[1], -1});
  if (!y.ok()) return y.status();
  if ((*y)->shape[2] < 1 || (*y)->shape[2] > kMaxChannels) {
    return Wrong(source, "targets",
                 absl::StrCat("has ", (*y)->shape[2], " channels; expected 1 to ", kMaxChannels));
  }
  trials.count = static_cast<int>(shape[0]);
  trials.steps = static_cast<int>(shape[1]);
  trials.inputs = static_cast<int>(shape[2]);
  trials.outputs = static_cast<int>((*y)->shape[2]);
  return absl::OkStatus();
}

// One weight a trial, step and output, from either shape of mask.
absl::Status ReadMask(const base::Archive& archive, absl::string_view source, Trials& trials) {
  if (!archive.Has("mask")) return absl::OkStatus();
  const int64_t count = trials.count, steps = trials.steps;
  auto array = archive.Find("mask");
  const bool by_output = (*array)->shape.size() == 3;
  array = by_output ? archive.Find("mask", {count, steps, trials.outputs})
                    : archive.Find("mask", {count, steps});
  if (!array.ok()) return array.status();
  auto mask = Floats(**array, "mask", source);
  if (!mask.ok()) return mask.status();
  if (std::any_of(mask->begin(), mask->end(), [](float weight) { return weight < 0; })) {
    return Wrong(source, "mask", "has a negative weight; expected 0 or more");
  }
  const int repeats = by_output ? 1 : trials.outputs;
  for (const float weight : *mask) trials.mask.insert(trials.mask.end(), repeats, weight);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Condition>> ReadConditions(const base::Archive& archive,
                                                      absl::string_view source, int inputs) {
  if (!archive.Has("conditions")) {
    return std::vector<Condition>{{std::vector<double>(inputs, 0.0), 0}};
  }
  auto array = archive.Find("conditions", {-1, inputs});
  if (!array.ok()) return array.status();
  auto numbers = Floats(**array, "conditions", source);
  if (!numbers.ok()) return numbers.status();
  if (numbers->empty()) return Wrong(source, "conditions", "is empty; leave it out for zeros");
  std::vector<Condition> conditions;
  for (size_t i = 0; i < numbers->size(); i += inputs) {
    conditions.push_back({{numbers->begin() + i, numbers->begin() + i + inputs}, 0});
  }
  return conditions;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Task>> Make(const Dataset& spec) {
  auto archive = base::Archive::Decode(spec.bytes, spec.source);
  if (!archive.ok()) return archive.status();
  Trials trials;
  if (absl::Status status = ReadExtents(*archive, spec.source, trials); !status.ok()) return status;
  auto x = Floats(**archive->Find("inputs"), "inputs", spec.source);
  if (!x.ok()) return x.status();
  auto y = Floats(**archive->Find("targets"), "targets", spec.source);
  if (!y.ok()) return y.status();
  trials.x = *std::move(x);
  trials.y = *std::move(y);
  if (absl::Status status = ReadMask(*archive, spec.source, trials); !status.ok()) return status;
  auto conditions = ReadConditions(*archive, spec.source, trials.inputs);
  if (!conditions.ok()) return conditions.status();
  return std::make_unique<DatasetTask>(std::move(trials), *std::move(conditions));
}

}  // namespace rnnfarm::task
