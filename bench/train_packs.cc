#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bench/device_peaks.h"
#include "bench/pack_peers.h"
#include "bench/paper_projection.h"
#include "bench/train_case.h"
#include "bench/train_check.h"
#include "bench/train_pack.h"
#include "bench/train_tables.h"
#include "worker/engine/engine.h"

namespace rnnfarm::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMostIterations = 5000;
constexpr double kQuickSeconds = 40;  // nothing begins later with --quick

// An outcome of a case: iterations of networks a second, or a word for why there are none.
struct Rate {
  double per_second = 0;
  std::string why_not;
};

Rate WhyNot(const absl::Status& status) {
  return {0, status.code() == absl::StatusCode::kResourceExhausted ? "memory" : "failed"};
}

std::string Cell(const Rate& rate) {
  return rate.per_second > 0 ? absl::StrFormat("%.1f", rate.per_second) : rate.why_not;
}

std::string Key(const rnn::CellSpec& cell, int pack) {
  return absl::StrCat("pack_", absl::StrReplaceAll(CaseName(cell), {{" ", "_"}}), "_", cell.units,
                      "_", pack);
}

class PacksTable {
 public:
  PacksTable(const TableOptions& options, std::unique_ptr<engine::Engine> engine,
             std::unique_ptr<engine::Engine> reference)
      : options_(options),
        task_(FlipFlopTask()),
        engine_(std::move(engine)),
        reference_(std::move(reference)),
        peers_({options.python, TrainsOnDevice(options.engine), options.precision, options.quick}) {
  }

  absl::Status Print(std::vector<Figure>& figures) {
    peaks_ = MeasurePeaks(options_.engine, options_.precision, peers_);
    PrintPremises(figures);
    PrintHeader();
    for (const rnn::CellSpec& cell : options_.cases) {
      if (Late()) break;
      if (absl::Status status = Check(cell); !status.ok()) return status;
      for (const int pack : Packs(cell)) PrintCase(cell, pack, figures);
    }
    std::printf("\n");
    for (const std::string& note : notes_) std::printf("%s\n", note.c_str());
    projection_.Print(DeviceName(options_.engine), figures);
    return absl::OkStatus();
  }

 private:
  void PrintPremises(std::vector<Figure>& figures) {
    std::printf("flip-flop, %d steps, batch %d, %s; engine %s on %s; %s\n", kSteps, kBatch,
                std::string(Name(options_.precision)).c_str(), options_.engine.c_str(),
                DeviceName(options_.engine).c_str(),
                peers_.versions().empty() ? "without PyTorch and JAX"
                                          : absl::StrJoin(peers_.versions(), "; ").c_str());
    PrintPeaks(peaks_, figures);
    std::vector<std::string> absent;
    for (const PackForm& form : peers_.forms()) {
      if (!form.why_absent.empty()) {
        absent.push_back(absl::StrCat(form.name, " (", form.why_absent, ")"));
      }
    }
    if (!absent.empty()) std::printf("absent: %s\n", absl::StrJoin(absent, "; ").c_str());
    std::fflush(stdout);
  }

  // Before the clock starts. A form that does not agree is not timed; an engine that does not ends
  // the table.
  absl::Status Check(const rnn::CellSpec& cell) {
    std::vector<const PackForm*> forms;
    std::vector<Peer> asked;
    for (const PackForm& form : peers_.forms()) {
      if (!form.why_absent.empty()) continue;
      const absl::StatusOr<Peer> peer = peers_.ForCheck(form);
      if (!peer.ok()) return peer.status();
      forms.push_back(&form);
      asked.push_back(*peer);
    }
    const auto verdicts =
        CheckAgreement(*engine_, *reference_, *task_, cell, asked, options_.precision);
    if (!verdicts.ok()) return verdicts.status();
    for (const PackForm* form : forms) peers_.Release(*form);
    for (size_t i = 0; i < forms.size(); ++i) {
      if (!(*verdicts)[i].ok()) Refuse(*forms[i], cell, (*verdicts)[i]);
    }
    return absl::OkStatus();
  }

  void Refuse(const PackForm& form, const rnn::CellSpec& cell, const absl::Status& why) {
    failed_.insert({form.name, Key(cell, 0)});
    notes_.insert(absl::StrCat(form.name, ", ", CaseName(cell), " ", cell.units,
                               ", failed its check: ", why.message()));
    peers_.End(form);
  }

  std::vector<int> Packs(const rnn::CellSpec& cell) const {
    if (!options_.packs.empty()) return options_.packs;
    if (options_.quick) return {16};
    return cell.units <= 128 ? std::vector<int>{1, 16, 256, 1024} : std::vector<int>{1, 120, 480};
  }

  void PrintHeader() const {
    std::printf(
        "iterations x networks a second, medians of %d rounds, of cases whose losses agree; x: "
        "ours "
        "over theirs\n\n",
        options_.rounds);
    std::printf("%-13s %5s %5s %10s %8s %7s %7s", "cell", "units", "pack", options_.engine.c_str(),
                "TFLOP/s", "of fp32", "of TF32");
    for (const PackForm& form : peers_.forms()) std::printf(" %10s %6s", form.name.c_str(), "x");
    std::printf("\n");
    std::fflush(stdout);
  }

  void PrintCase(const rnn::CellSpec& cell, int pack, std::vector<Figure>& figures) {
    const Rate ours = MeasureEngine(cell, pack);
    const double useful = ours.per_second * engine::UsefulOperations(cell, kBatch, kSteps);
    const std::string key = Key(cell, pack);
    std::printf("%-13s %5d %5d %10s %8.3f %7s %7s", CaseName(cell).c_str(), cell.units, pack,
                Cell(ours).c_str(), useful * 1e-12, Share(useful, peaks_.fp32).c_str(),
                Share(useful, peaks_.tf32).c_str());
    std::fflush(stdout);
    if (ours.per_second > 0) {
      figures.push_back({key, ours.per_second, "iterations/s"});
      figures.push_back({key + "_useful", useful * 1e-12, "TFLOP/s"});
      if (peaks_.fp32) figures.push_back({key + "_share", useful / *peaks_.fp32, "of fp32 peak"});
      if (peaks_.tf32) {
        figures.push_back({key + "_share_tf32", useful / *peaks_.tf32, "of TF32 peak"});
      }
      projection_.Add(cell, pack, 1 / ours.per_second);
    }
    for (const PackForm& form : peers_.forms()) {
      const Rate theirs = MeasureForm(form, cell, pack);
      const bool both = ours.per_second > 0 && theirs.per_second > 0;
      std::printf(
          " %10s %6s", Cell(theirs).c_str(),
          both ? absl::StrFormat("%.2fx", ours.per_second / theirs.per_second).c_str() : "-");
      std::fflush(stdout);
      if (theirs.per_second > 0) {
        figures.push_back({absl::StrCat(key, "_", form.name), theirs.per_second, "iterations/s"});
      }
    }
    std::printf("\n");
  }

  static std::string Share(double useful, std::optional<double> peak) {
    return peak && useful > 0 ? absl::StrFormat("%.3f", useful / *peak) : "-";
  }

  Rate MeasureEngine(const rnn::CellSpec& cell, int pack) {
    const PackCase pack_case{task_.get(), cell, pack, options_.precision};
    const auto measure = [&](int64_t iterations) {
      return SecondsPerNetwork(*engine_, pack_case, iterations);
    };
    if (Late()) return {0, "late"};
    const absl::StatusOr<double> first = measure(1);
    if (!first.ok()) return Note(options_.engine, cell, pack, first.status());
    return Rounds(options_.engine, cell, pack, *first, measure);
  }

  Rate MeasureForm(const PackForm& form, const rnn::CellSpec& cell, int pack) {
    if (!form.why_absent.empty()) return {0, "-"};
    if (failed_.count({form.name, Key(cell, 0)}) > 0) return {0, "failed"};
    if (Late()) return {0, "late"};
    const absl::StatusOr<PackPeers::Prepared> prepared = peers_.Prepare(form, cell, pack);
    if (!prepared.ok()) return Note(form.name, cell, pack, prepared.status());
    notes_.insert(absl::StrCat(form.name, ": ", prepared->how));
    const Rate rate = Rounds(form.name, cell, pack, prepared->seconds,
                             [&](int64_t iterations) { return peers_.Time(form, iterations); });
    peers_.Release(form);
    return rate;
  }

  // One contestant after another: on a device they would not fit into the memory together.
  Rate Rounds(const std::string& who, const rnn::CellSpec& cell, int pack, double first,
              const std::function<absl::StatusOr<double>(int64_t)>& measure) {
    const double share = options_.seconds / (options_.rounds * (1.0 + peers_.forms().size()));
    const int64_t iterations =
        std::clamp<int64_t>(std::llround(share / (first * pack)), 1, kMostIterations);
    std::vector<double> seconds;
    for (int round = 0; round < options_.rounds; ++round) {
      const absl::StatusOr<double> measured = measure(iterations);
      if (!measured.ok()) return Note(who, cell, pack, measured.status());
      seconds.push_back(*measured);
    }
    return {1 / Median(seconds), ""};
  }

  Rate Note(const std::string& who, const rnn::CellSpec& cell, int pack,
            const absl::Status& status) {
    const Rate rate = WhyNot(status);
    if (rate.why_not != "memory") {
      notes_.insert(absl::StrCat(who, ", ", CaseName(cell), " ", cell.units, ", pack of ", pack,
                                 ": ", status.message()));
    }
    return rate;
  }

  bool Late() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    if (!options_.quick || seconds < kQuickSeconds) return false;
    notes_.insert("late: --quick begins nothing after 40 seconds; cases that are missing, too");
    return true;
  }

  const TableOptions& options_;
  const Clock::time_point begin_ = Clock::now();
  const std::unique_ptr<task::Task> task_;
  const std::unique_ptr<engine::Engine> engine_, reference_;
  PackPeers peers_;
  Peaks peaks_;
  PaperProjection projection_;
  std::set<std::pair<std::string, std::string>> failed_;  // form and cell
  std::set<std::string> notes_;
};

}  // namespace

absl::Status PrintPacks(const TableOptions& options, std::vector<Figure>& figures) {
  auto engine = engine::MakeEngine(options.engine), reference = engine::MakeEngine("reference");
  if (!engine.ok()) return engine.status();
  if (!reference.ok()) return reference.status();
  if (!TrainsOnDevice(options.engine) && options.precision != engine::Precision::kFp32) {
    return absl::InvalidArgumentError(
        absl::StrCat("engine ", options.engine, " trains in fp32 alone"));
  }
  return PacksTable(options, *std::move(engine), *std::move(reference)).Print(figures);
}

}  // namespace rnnfarm::bench
