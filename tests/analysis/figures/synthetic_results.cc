#include "tests/analysis/figures/synthetic_results.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <cmath>
#include <complex>
#include <filesystem>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/random_stream.h"

namespace rnnfarm::figures {
namespace {

namespace fs = std::filesystem;

constexpr int kUnits = 24;
constexpr const char* kArchitectures[] = {"vanilla", "ugrnn", "gru", "lstm"};
constexpr const char* kActivations[] = {"relu", "tanh"};

using Direction = std::array<double, kUnits>;

base::RandomStream StreamOf(const SyntheticResults::Kind& kind, absl::string_view purpose) {
  return base::RandomStream(base::DeriveStream(7, kind.key, purpose));
}

// Where the outputs live in the space of the units.
std::array<Direction, 3> DirectionsOf(const SyntheticResults::Kind& kind) {
  base::RandomStream random = StreamOf(kind, "directions");
  std::array<Direction, 3> directions;
  for (Direction& direction : directions) {
    for (double& entry : direction) entry = random.Normal() * 0.5;
  }
  return directions;
}

void AppendState(const std::array<Direction, 3>& directions, const std::array<double, 3>& y,
                 base::RandomStream& random, std::vector<float>& states) {
  for (int u = 0; u < kUnits; ++u) {
    double h = 0.02 * random.Normal();
    for (int k = 0; k < 3; ++k) h += directions[k][u] * y[k];
    states.push_back(static_cast<float>(h));
  }
}

int StateSize(const SyntheticResults::Kind& kind) {
  return kind.architecture == "lstm" ? 2 * kUnits : kUnits;
}

}  // namespace

SyntheticResults::SyntheticResults() {
  std::string pattern = (fs::temp_directory_path() / "rnnfarm-report-XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

SyntheticResults::~SyntheticResults() {
  std::error_code error;
  fs::remove_all(path_, error);
}

void SyntheticResults::WriteText(const std::string& relative, absl::string_view text) const {
  const fs::path path = fs::path(path_) / relative;
  fs::create_directories(path.parent_path());
  ASSERT_TRUE(base::WriteFile(path.string(), text).ok());
}

void SyntheticResults::Remove(const std::string& relative) const {
  ASSERT_GT(fs::remove_all(fs::path(path_) / relative), 0u) << relative;
}

std::vector<SyntheticResults::Kind> SyntheticResults::Population(const std::string& task,
                                                                 int seeds) {
  std::vector<Kind> population;
  int place = 0;
  for (const char* architecture : kArchitectures) {
    for (const char* activation : kActivations) {
      for (int seed = 0; seed < seeds; ++seed) {
        population.push_back(
            {task, absl::StrCat(task, "-", architecture, "-", activation, "-24-l2_1e-05-s", seed),
             architecture, activation, seed, place});
      }
      ++place;
    }
  }
  return population;
}

void SyntheticResults::WriteNetworks(const std::vector<std::string>& tasks, int seeds) const {
  std::string csv =
      "key,task,architecture,activation,units,l2,seed,untrained,state,iterations,train_loss,"
      "validation_loss,learning_rate,lr_decay,momentum,clip_norm,fixed_points,index_sum,certified,"
      "verdict,"
      "included,excluded_reason,batch_size\n";
  for (const std::string& task : tasks) {
    for (const Kind& kind : Population(task, seeds)) {
      base::RandomStream random = StreamOf(kind, "row");
      const double loss = (kind.activation == "tanh" ? 2e-3 : 9e-3) * (1 + random.Uniform());
      absl::StrAppend(&csv, kind.key, ",", task, ",", kind.architecture, ",", kind.activation,
                      ",24,1e-05,", kind.seed, ",false,ANALYZED,20000,", loss * 0.9, ",", loss,
                      ",0.001,0.3,0.9,1,8/12/6/1,1,true,certified,true,,64\n");
    }
    absl::StrAppend(&csv, task, "-gru-relu-24-l2_1e-02-s0,", task,
                    ",gru,relu,24,0.01,0,false,FAILED,310,,,0.1,0.3,0.9,1,,,,,false,"
                    "\"training diverged at iteration 310, after 3 attempts\",64\n");
    absl::StrAppend(
        &csv, task, "-vanilla-tanh-24-l2_1e-05-s0-untrained,", task,
        ",vanilla,tanh,24,1e-05,0,true,ANALYZED,0,,1.02,,,,,3/1,2,false,incomplete,false,"
        "\"4 fixed points, the usual number is 27\",64\n");
  }
  WriteText("networks.csv", csv);
}

void SyntheticResults::WriteProvenance() const {
  WriteText("manifest.json",
            absl::StrCat("{\"sweep\": \"universality\", \"spec_digest\": \"", std::string(64, 'a'),
                         "\", \"build\": \"rnnfarm 0.1.0 (test)\", \"files\": [{\"path\": "
                         "\"networks.csv\", \"sha256\": \"x\"}]}"));
  WriteText("sweep.textproto",
            "name: \"universality\"  # a comment\n"
            "task { name: \"memory\" flip_flop { bits: 3 } }\n"
            "task { name: \"waves\" sine_wave { steps: 500 } }\n");
}

void SyntheticResults::WriteLossCurve(const Kind& kind) const {
  base::RandomStream random = StreamOf(kind, "loss");
  std::vector<double> curve;
  const double rate = 1.5 + random.Uniform();
  for (int i = 0; i <= 400; ++i) {
    const double t = i / 400.0;
    const double loss =
        (0.9 * std::exp(-9 * rate * t) + (kind.activation == "tanh" ? 2e-3 : 9e-3)) *
        std::exp(0.1 * random.Normal());
    curve.insert(curve.end(), {i * 50.0, loss, loss * 1.1});
  }
  base::Archive archive;
  archive.Add("loss_curve", base::Array::Of<double>({401, 3}, curve));
  WriteText(absl::StrCat(kind.task, "/networks/", kind.key, ".npz"), *archive.Encode());
}

void SyntheticResults::WriteFlipFlop(const std::string& task, int seeds) const {
  constexpr int kTrials = 32, kSteps = 100;
  for (const Kind& kind : Population(task, seeds)) {
    WriteLossCurve(kind);
    const auto directions = DirectionsOf(kind);
    base::RandomStream random = StreamOf(kind, "states");
    std::vector<float> states;
    for (int trial = 0; trial < kTrials; ++trial) {
      std::array<double, 3> y{}, target{};
      for (int step = 0; step < kSteps; ++step) {
        for (int k = 0; k < 3; ++k) {
          if (step == 0 || random.Uniform() < 0.05) target[k] = random.Uniform() < 0.5 ? -1 : 1;
          y[k] += (kind.activation == "tanh" ? 0.45 : 0.3) * (target[k] - y[k]);
        }
        AppendState(directions, y, random, states);
      }
    }
    WriteText(absl::StrCat(task, "/states/", kind.key, ".npy"),
              base::EncodeNpy(base::Array::Of<float>({kTrials, kSteps, kUnits}, states)));

    const int size = StateSize(kind);
    std::vector<double> xstar, readout, transitions(27 * 27, 0.0);
    std::vector<std::complex<double>> eigenvalues;
    std::vector<int32_t> unstable, condition(27, 0), node_point;
    std::vector<uint8_t> slow(27, 0);
    for (int i = 0; i < 27; ++i) {
      const std::array<int, 3> corner = {i / 9 - 1, i / 3 % 3 - 1, i % 3 - 1};
      unstable.push_back((corner[0] == 0) + (corner[1] == 0) + (corner[2] == 0));
      node_point.push_back(i);
      for (int u = 0; u < size; ++u) {
        double h = 0;
        for (int k = 0; k < 3; ++k) h += directions[k][u % kUnits] * corner[k];
        xstar.push_back(h);
        const double angle = 2 * std::numbers::pi * random.Uniform();
        eigenvalues.push_back(u < unstable[i]
                                  ? std::complex<double>(1.13 + 0.25 * random.Uniform(), 0)
                                  : std::polar(0.85 * std::sqrt(random.Uniform()), angle));
      }
      for (int k = 0; k < 3; ++k) readout.push_back(corner[k] + 0.03 * random.Normal());
      const int ends = 1 << unstable[i];
      for (int end = 0; end < ends; ++end) {
        int node = 0, bit = 0;
        for (int k = 0; k < 3; ++k) {
          const int value = corner[k] != 0 ? corner[k] : (end >> bit++ & 1) * 2 - 1;
          node = node * 3 + value + 1;
        }
        transitions[27 * i + node] = 1.0 / ends;
      }
    }
    base::Archive archive;
    archive.Add("xstar", base::Array::Of<double>({27, size}, xstar));
    archive.Add("readout", base::Array::Of<double>({27, 3}, readout));
    archive.Add("n_unstable", base::Array::Of<int32_t>({27}, unstable));
    archive.Add("cond_id", base::Array::Of<int32_t>({27}, condition));
    archive.Add("is_slow", base::Array::Of<uint8_t>({27}, slow));
    archive.Add("transitions", base::Array::Of<double>({27, 27}, transitions));
    archive.Add("node_point", base::Array::Of<int32_t>({27}, node_point));
    archive.Add("eigval_J_xstar", base::Array::Of<std::complex<double>>({27, size}, eigenvalues));
    WriteText(absl::StrCat(task, "/fixed_points/", kind.key, ".npz"), *archive.Encode());
  }
}

void SyntheticResults::WriteSine(const std::string& task, int seeds) const {
  constexpr int kTrials = 51, kSteps = 200;
  for (const Kind& kind : Population(task, seeds)) {
    WriteLossCurve(kind);
    const auto directions = DirectionsOf(kind);
    base::RandomStream random = StreamOf(kind, "states");
    std::vector<float> states;
    std::vector<double> xstar, readout, transitions(kTrials * kTrials, 0.0);
    std::vector<std::complex<double>> eigenvalues;
    std::vector<int32_t> unstable, condition, node_point;
    const int size = StateSize(kind);
    for (int trial = 0; trial < kTrials; ++trial) {
      const double command = trial / (kTrials - 1.0);
      const double frequency = 0.04 * command + 0.01;
      for (int step = 0; step < kSteps; ++step) {
        const double phase = 2 * std::numbers::pi * frequency * step;
        const double radius = 1 - std::exp(-step / 8.0);
        AppendState(directions, {radius * std::cos(phase), radius * std::sin(phase), command - 0.5},
                    random, states);
      }
      for (int u = 0; u < size; ++u) {
        xstar.push_back(directions[2][u % kUnits] * (command - 0.5));
        const double angle = 2 * std::numbers::pi * (u < 2 ? frequency : random.Uniform());
        eigenvalues.push_back(
            std::polar(u < 2 ? 1.015 : 0.8 * std::sqrt(random.Uniform()), u == 1 ? -angle : angle));
      }
      readout.push_back(0);
      unstable.push_back(2);
      condition.push_back(trial);
      node_point.push_back(trial);
      if (trial > 0) transitions[kTrials * trial + trial - 1] = 1;
    }
    WriteText(absl::StrCat(task, "/states/", kind.key, ".npy"),
              base::EncodeNpy(base::Array::Of<float>({kTrials, kSteps, kUnits}, states)));
    base::Archive archive;
    archive.Add("xstar", base::Array::Of<double>({kTrials, size}, xstar));
    archive.Add("readout", base::Array::Of<double>({kTrials, 1}, readout));
    archive.Add("n_unstable", base::Array::Of<int32_t>({kTrials}, unstable));
    archive.Add("cond_id", base::Array::Of<int32_t>({kTrials}, condition));
    archive.Add("transitions", base::Array::Of<double>({kTrials, kTrials}, transitions));
    archive.Add("node_point", base::Array::Of<int32_t>({kTrials}, node_point));
    archive.Add("eigval_J_xstar",
                base::Array::Of<std::complex<double>>({kTrials, size}, eigenvalues));
    WriteText(absl::StrCat(task, "/fixed_points/", kind.key, ".npz"), *archive.Encode());
  }
}

void SyntheticResults::WriteComparison(const std::string& task, int seeds,
                                       const std::vector<std::string>& metrics) const {
  const std::vector<Kind> population = Population(task, seeds);
  const int n = static_cast<int>(population.size());
  std::string index = "row,key,architecture,activation,units,l2,seed,untrained\n";
  for (int i = 0; i < n; ++i) {
    absl::StrAppend(&index, i, ",", population[i].key, ",", population[i].architecture, ",",
                    population[i].activation, ",24,1e-05,", population[i].seed, ",false\n");
  }
  WriteText(absl::StrCat(task, "/distances/index.csv"), index);
  for (const std::string& metric : metrics) {
    std::vector<double> x, y;
    std::string embedding = "key,x,y\n";
    for (const Kind& kind : population) {
      base::RandomStream random = StreamOf(kind, metric);
      const double angle = 2 * std::numbers::pi * (kind.place / 2) / 4;
      const double far = kind.activation == "relu" ? 0.35 : 0.16;
      x.push_back(far * std::cos(angle) + 0.03 * random.Normal());
      y.push_back(far * std::sin(angle) + 0.03 * random.Normal());
      absl::StrAppend(&embedding, kind.key, ",", x.back(), ",", y.back(), "\n");
    }
    std::vector<float> distances;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        distances.push_back(static_cast<float>(std::hypot(x[i] - x[j], y[i] - y[j])));
      }
    }
    WriteText(absl::StrCat(task, "/distances/", metric, ".npy"),
              base::EncodeNpy(base::Array::Of<float>({n, n}, distances)));
    WriteText(absl::StrCat(task, "/embeddings/", metric, ".csv"), embedding);
  }
  WriteText(absl::StrCat(task, "/statistics.json"),
            R"({"networks": 8, "mds": {"dims": 2}, "metrics": {
                "svcca": {"networks": 8, "stress1": 0.081, "shepard": 0.97,
                  "excluded": [{"key": "a", "reason": "did </script> train"}],
                  "permanova": {"architecture": {"pseudo_f": 12.1, "r2": 0.52, "p": 0.001}},
                  "noise_floor": {"of": "halves of the probe", "networks": 8, "pairs": 28,
                    "mean": 0.0123456, "largest": 0.05},
                  "controls": {"trained": 6, "untrained": 2, "within_trained": 0.25,
                    "trained_untrained": 0.75, "within_untrained": 0.01, "own_control": null,
                    "nearest_untrained": 0.125, "accuracy": 0.9375, "chance": 0.571428,
                    "silhouette": 0.4}},
                "cka": {"networks": 8, "stress1": 0.1, "shepard": 0.95, "noise_floor": null,
                  "controls": null},
                "fixed_point_graph": {"networks": 8, "noise_floor": {"of": "samplings of a graph",
                  "networks": 7, "mean": 0.5, "largest": 1.5}, "controls": null}},
                "mantel": [{"metrics": ["svcca", "cka"], "correlation": 0.8}]})");
}

}  // namespace rnnfarm::figures
