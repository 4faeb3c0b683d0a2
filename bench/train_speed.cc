#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bench/torch_child.h"
#include "bench/train_case.h"
#include "bench/train_check.h"
#include "bench/train_tables.h"
#include "worker/engine/engine.h"
#include "worker/engine/peak.h"

namespace rnnfarm::bench {

namespace {

constexpr int64_t kMostIterations = 5000;

// What a case of so many units should reach.
struct Bar {
  int units;
  double share;        // of the peak
  double times_torch;  // times faster than the better PyTorch variant
};
constexpr Bar kBars[] = {{64, 0.68, 3.5}, {128, 0.76, 2.5}, {256, 0.80, 2.0}};

const Bar* BarOf(int units) {
  const Bar* bar = std::find_if(std::begin(kBars), std::end(kBars),
                                [&](const Bar& bar) { return bar.units == units; });
  return bar == std::end(kBars) ? nullptr : bar;
}

// Whatever is timed in turn with the others.
struct Contestant {
  std::string name;  // of its figures
  // Seconds an iteration and network, of at least `iterations` of them.
  std::function<absl::StatusOr<double>(int64_t iterations)> measure;
  int64_t iterations = 1;       // a round
  std::vector<double> seconds;  // a round each
};

struct Contest {
  std::vector<Contestant> contestants;  // the engine in question first
  std::vector<double> peaks;            // a round each, operations a second

  double Milliseconds(size_t i) const { return 1e3 * Median(contestants[i].seconds); }
  // How many times longer than the first, the median over rounds.
  double Times(size_t i) const {
    std::vector<double> ratios;
    for (size_t round = 0; round < contestants[i].seconds.size(); ++round) {
      ratios.push_back(contestants[i].seconds[round] / contestants[0].seconds[round]);
    }
    return Median(ratios);
  }
  // Of the peak, the first's.
  double Share(double operations) const {
    std::vector<double> shares;
    for (size_t round = 0; round < peaks.size(); ++round) {
      shares.push_back(operations / contestants[0].seconds[round] / peaks[round]);
    }
    return Median(shares);
  }
  // Beside the first.
  std::optional<size_t> Find(const std::string& name) const {
    for (size_t i = 1; i < contestants.size(); ++i) {
      if (contestants[i].name == name) return i;
    }
    return std::nullopt;
  }
};

// Iterations of a round that make the case last `seconds`.
int64_t IterationsFor(double seconds_each, double seconds, int rounds, size_t contestants) {
  const double share = seconds / (rounds * static_cast<double>(contestants));
  return std::clamp<int64_t>(std::llround(share / seconds_each), 1, kMostIterations);
}

class SpeedTable {
 public:
  SpeedTable(const TableOptions& options, std::unique_ptr<engine::Engine> engine,
             std::unique_ptr<engine::Engine> reference, std::unique_ptr<TorchChild> torch)
      : options_(options),
        task_(FlipFlopTask()),
        engine_(std::move(engine)),
        reference_(std::move(reference)),
        torch_(std::move(torch)) {}

  absl::Status Print(std::vector<Figure>& figures) {
    absl::Status status = Check();
    if (!status.ok()) return status;
    PrintHeader();
    for (const rnn::CellSpec& cell : options_.cases) {
      absl::StatusOr<Contest> contest = Hold(cell);
      if (!contest.ok()) return contest.status();
      PrintRow(cell, *contest, figures);
    }
    PrintBars(figures);
    return absl::OkStatus();
  }

 private:
  absl::Status Check() {
    std::vector<Peer> peers;
    if (torch_ != nullptr) peers = {{torch_.get(), "nn"}, {torch_.get(), "bmm"}};
    for (const rnn::CellSpec& cell : options_.cases) {
      const auto verdicts = CheckAgreement(*engine_, *reference_, *task_, cell, peers);
      if (!verdicts.ok()) return verdicts.status();
      for (const absl::Status& verdict : *verdicts) {
        if (!verdict.ok()) return verdict;
      }
    }
    std::printf("checked: %d cases agree between all that is timed\n",
                static_cast<int>(options_.cases.size()));
    return absl::OkStatus();
  }

  Contestant EngineContestant(engine::Engine& engine, const rnn::CellSpec& cell) {
    return {std::string(engine.name()),
            [this, &engine, cell](int64_t iterations) {
              return SecondsPerIteration(engine, *task_, cell, iterations);
            },
            1,
            {}};
  }

  // The first measurement prepares the variant, whatever it is asked for.
  Contestant TorchContestant(const std::string& variant, const rnn::CellSpec& cell) {
    const std::string what = absl::StrCat(variant, " ", rnn::Name(cell.architecture), " ",
                                          rnn::Name(cell.activation), " ", cell.units);
    return {absl::StrCat("torch_", variant),
            [this, what, prepared = false](int64_t iterations) mutable -> absl::StatusOr<double> {
              const std::string request = prepared ? absl::StrCat("time ", what, " ", iterations)
                                                   : absl::StrCat("prepare ", what);
              prepared = true;
              const absl::StatusOr<std::string> answer = torch_->Ask(request);
              if (!answer.ok()) return answer.status();
              double seconds = 0;
              const std::vector<std::string> words = absl::StrSplit(*answer, ' ');
              if (absl::SimpleAtod(words[0], &seconds) && seconds > 0) return seconds;
              return absl::InternalError(absl::StrCat("PyTorch answered \"", *answer, "\""));
            },
            1,
            {}};
  }

  // The rounds of one case.
  absl::StatusOr<Contest> Hold(const rnn::CellSpec& cell) {
    Contest contest;
    contest.contestants.push_back(EngineContestant(*engine_, cell));
    if (engine_->name() != reference_->name()) {
      contest.contestants.push_back(EngineContestant(*reference_, cell));
    }
    if (torch_ != nullptr) {
      contest.contestants.push_back(TorchContestant("nn", cell));
      contest.contestants.push_back(TorchContestant("bmm", cell));
    }
    for (Contestant& contestant : contest.contestants) {
      const absl::StatusOr<double> first = contestant.measure(1);  // warms up
      if (!first.ok()) return first.status();
      const double networks = contestant.name == "torch_bmm" ? kTorchNetworks : 1;
      contestant.iterations = IterationsFor(*first * networks, options_.seconds, options_.rounds,
                                            contest.contestants.size());
    }
    for (int round = 0; round < options_.rounds; ++round) {
      if (absl::Status status = HoldRound(contest); !status.ok()) return status;
    }
    return contest;
  }

  absl::Status HoldRound(Contest& contest) {
    double peak = engine::MeasurePeakFlops();
    for (size_t i = 0; i < contest.contestants.size(); ++i) {
      Contestant& contestant = contest.contestants[i];
      const absl::StatusOr<double> seconds = contestant.measure(contestant.iterations);
      if (!seconds.ok()) return seconds.status();
      contestant.seconds.push_back(*seconds);
      // Before and behind the engine in question; the larger one flatters nobody.
      if (i == 0) peak = std::max(peak, engine::MeasurePeakFlops());
    }
    contest.peaks.push_back(peak);
    return absl::OkStatus();
  }

  void PrintHeader() {
    std::printf("flip-flop, %d steps, batch %d, one core; engine %s; %s\n", kSteps, kBatch,
                std::string(engine_->name()).c_str(),
                torch_ == nullptr ? "without PyTorch" : torch_->version().c_str());
    std::printf("medians of %d rounds in alternation; ms an iteration of one network\n\n",
                options_.rounds);
    std::printf("%-13s %5s %9s %8s %7s %5s %9s %6s %9s %9s %7s %5s\n", "cell", "units", "ms",
                "GFLOP/s", "of peak", "bar", "reference", "x", "torch nn", "torch bmm", "x better",
                "bar");
    std::fflush(stdout);
  }

  std::string Judge(double bar, double value) {
    ++bars_;
    met_ += value >= bar;
    return value >= bar ? "met" : "NOT";
  }

  static std::string Cell(std::optional<double> value, const char* suffix = "") {
    return value.has_value() ? absl::StrFormat("%.*f%s", *value < 10 ? 2 : 1, *value, suffix) : "-";
  }

  void PrintRow(const rnn::CellSpec& cell, const Contest& contest, std::vector<Figure>& figures) {
    const double operations = engine::UsefulOperations(cell, kBatch, kSteps);
    const double milliseconds = contest.Milliseconds(0), share = contest.Share(operations);
    const auto time = [&](const std::string& name) -> std::optional<double> {
      const std::optional<size_t> i = contest.Find(name);
      return i ? std::optional<double>(contest.Milliseconds(*i)) : std::nullopt;
    };
    const auto times = [&](const std::string& name) -> std::optional<double> {
      const std::optional<size_t> i = contest.Find(name);
      return i ? std::optional<double>(contest.Times(*i)) : std::nullopt;
    };
    const std::optional<double> nn = times("torch_nn"), bmm = times("torch_bmm");
    const std::optional<double> better = nn && bmm ? std::min(nn, bmm) : std::nullopt;
    const Bar* bar = BarOf(cell.units);
    std::printf("%-13s %5d %9.3f %8.1f %7.3f %5s %9s %6s %9s %9s %7s %5s\n", CaseName(cell).c_str(),
                cell.units, milliseconds, operations / milliseconds * 1e-6, share,
                bar ? Judge(bar->share, share).c_str() : "-", Cell(time("reference")).c_str(),
                Cell(times("reference"), "x").c_str(), Cell(time("torch_nn")).c_str(),
                Cell(time("torch_bmm")).c_str(), Cell(better, "x").c_str(),
                bar && better ? Judge(bar->times_torch, *better).c_str() : "-");
    std::fflush(stdout);
    AddFigures(cell, contest, figures);
    if (better) figures.push_back({absl::StrCat(Key(cell), "_times_torch"), *better, "x"});
    peaks_.insert(peaks_.end(), contest.peaks.begin(), contest.peaks.end());
  }

  static std::string Key(const rnn::CellSpec& cell) {
    return absl::StrCat(absl::StrReplaceAll(CaseName(cell), {{" ", "_"}}), "_", cell.units);
  }

  static void AddFigures(const rnn::CellSpec& cell, const Contest& contest,
                         std::vector<Figure>& figures) {
    const std::string key = Key(cell);
    const double operations = engine::UsefulOperations(cell, kBatch, kSteps);
    figures.push_back({key, contest.Milliseconds(0), "ms/iteration"});
    figures.push_back(
        {absl::StrCat(key, "_useful"), operations / contest.Milliseconds(0) * 1e-6, "GFLOP/s"});
    figures.push_back({absl::StrCat(key, "_share"), contest.Share(operations), "of peak"});
    for (size_t i = 1; i < contest.contestants.size(); ++i) {
      const std::string name = absl::StrCat(key, "_", contest.contestants[i].name);
      figures.push_back({name, contest.Milliseconds(i), "ms/iteration"});
    }
  }

  void PrintBars(std::vector<Figure>& figures) {
    if (!peaks_.empty()) {
      const double peak = Median(peaks_) * 1e-9;
      std::printf("\nfloat32 multiply-add, one core: %.1f GFLOP/s (median; %.1f to %.1f)\n", peak,
                  *std::min_element(peaks_.begin(), peaks_.end()) * 1e-9,
                  *std::max_element(peaks_.begin(), peaks_.end()) * 1e-9);
      figures.push_back({"peak_fma", peak, "GFLOP/s"});
    }
    std::printf("bars met: %d of %d (", met_, bars_);
    for (const Bar& bar : kBars) {
      std::printf("%s%d units: %.2f of peak, %.1fx PyTorch", &bar == kBars ? "" : "; ", bar.units,
                  bar.share, bar.times_torch);
    }
    std::printf(")\n");
  }

  static constexpr double kTorchNetworks = 16;  // of the variant bmm, as train_torch.py has it

  const TableOptions& options_;
  const std::unique_ptr<task::Task> task_;
  const std::unique_ptr<engine::Engine> engine_, reference_;
  const std::unique_ptr<TorchChild> torch_;
  std::vector<double> peaks_;
  int bars_ = 0, met_ = 0;
};

}  // namespace

absl::Status PrintSpeed(const TableOptions& options, std::vector<Figure>& figures) {
  auto engine = engine::MakeEngine(options.engine), reference = engine::MakeEngine("reference");
  if (!engine.ok()) return engine.status();
  if (!reference.ok()) return reference.status();
  std::unique_ptr<TorchChild> torch;
  if (!options.python.empty()) {
    auto started = TorchChild::Start(options.python, {"train_torch.py"});
    if (started.ok()) {
      torch = *std::move(started);
    } else {
      std::printf("without PyTorch: %s\n", std::string(started.status().message()).c_str());
    }
  }
  return SpeedTable(options, *std::move(engine), *std::move(reference), std::move(torch))
      .Print(figures);
}

}  // namespace rnnfarm::bench
