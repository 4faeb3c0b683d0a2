// How fast all pairs of a population are compared: seconds for the matrix of each metric from
// prepared networks, the useful operations behind it (2 samples · columns · columns a pair) as a
// share of the machine's own large product, a loop over pairs in NumPy beside it, the embedding,
// and the memory that it took.
//
//   bench_all_pairs [--quick] [--json FILE] [--networks N] [--threads T] [--memory-mb M]
//                   [--python FILE]

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "analysis/embedding/mds.h"
#include "analysis/metric_registry.h"
#include "analysis/pairwise/pairwise.h"
#include "base/array_file.h"
#include "base/digest.h"
#include "bench/all_pairs_population.h"
#include "bench/command_line.h"
#include "bench/figures.h"

namespace rnnfarm::bench {
namespace {

using analysis::Matrix;
using Clock = std::chrono::steady_clock;

constexpr char kUsage[] =
    "How fast all pairs of a population are compared, by each metric: seconds, the share of this\n"
    "machine's own large product, a loop in NumPy beside it, the embedding, the memory.\n"
    "usage: bench_all_pairs [--quick] [--json FILE] [--networks 2880] [--threads T]\n"
    "                       [--memory-mb 2048] [--python FILE]\n"
    "  --quick        360 networks: ends within a minute\n"
    "  --json FILE    writes the figures there too\n"
    "  --networks N   of the population\n"
    "  --threads T    default: as many as there are processors\n"
    "  --memory-mb M  that a comparison may take\n"
    "  --python FILE  the interpreter with NumPy; default: /usr/bin/python3\n"
    "example: bench_all_pairs --networks 720 --threads 2\n";

constexpr int kNetworks = 2880, kQuickNetworks = 360;
// Of networks of full rank, for a rate; all would take too long.
constexpr int kFullRankNetworks = 320;
// That NumPy loops over.
constexpr int kNumpyNetworks = 48;

constexpr double kSvccaSeconds = 150, kTimesSvcca = 2, kTimesNumpy = 50, kEmbeddingSeconds = 60;
constexpr double kMemoryGigabytes = 4;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

double PeakGigabytes() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024e-9;
}

// The metric, and how many columns it made of each network.
class Counting : public analysis::Metric {
 public:
  Counting(std::unique_ptr<analysis::Metric> metric, int networks)
      : metric_(std::move(metric)), columns_(networks) {}

  absl::StatusOr<analysis::Prepared> Prepare(absl::string_view bytes,
                                             absl::string_view source) const override {
    auto prepared = metric_->Prepare(bytes, source);
    int network = 0;
    if (prepared.ok() && absl::SimpleAtoi(source, &network)) {
      columns_[network] = static_cast<double>(prepared->factors.cols());
    }
    return prepared;
  }
  double Distance(const analysis::Prepared& a, const analysis::Prepared& b,
                  const Matrix& product) const override {
    return metric_->Distance(a, b, product);
  }
  bool IsNear(const analysis::Prepared& a, const analysis::Prepared& b,
              double distance) const override {
    return metric_->IsNear(a, b, distance);
  }
  double ExactDistance(const analysis::Prepared& a, const analysis::Prepared& b,
                       const Matrix& product) const override {
    return metric_->ExactDistance(a, b, product);
  }

  double MeanColumns() const {
    double sum = 0;
    for (double columns : columns_) sum += columns;
    return sum / static_cast<double>(columns_.size());
  }
  double Operations() const {
    double sum = 0, squares = 0;
    for (double columns : columns_) {
      sum += columns;
      squares += columns * columns;
    }
    return 2.0 * kSamples * 0.5 * (sum * sum - squares);
  }

 private:
  const std::unique_ptr<analysis::Metric> metric_;
  mutable std::vector<double> columns_;  // each network is prepared by one thread
};

struct Run {
  double preparation = 0, pairs = 0;  // seconds
  double columns = 0;                 // a network, mean
  double rate = 0;                    // useful GFLOP/s
  Matrix distances;
};

absl::StatusOr<Run> Compare(const Population& population, const std::string& name,
                            const CommandLine& line, const std::string& folder) {
  auto made = analysis::MakeMetric(name);
  if (!made.ok()) return made.status();
  const Counting metric(*std::move(made), population.size());
  analysis::PairwiseInput input;
  input.metric = &metric;
  input.identity = name;
  for (int i = 0; i < population.size(); ++i) {
    const std::string number = absl::StrCat(i);
    input.files.push_back({number, base::DigestOf(number), ""});
  }
  input.read = [&](int i) -> absl::StatusOr<std::string> { return population.File(i); };
  const analysis::Scratch scratch(folder + "/scratch");
  Run run;
  const Clock::time_point begin = Clock::now();
  auto result = analysis::MeasureAllPairs(
      input, {.threads = line.NumberOr("--threads", std::thread::hardware_concurrency()),
              .memory_bytes = int64_t{line.NumberOr("--memory-mb", 2048)} << 20,
              .scratch = &scratch,
              .share_done = [&](double share) {
                if (share <= analysis::kPreparationShare) run.preparation = Seconds(begin);
                return true;
              }});
  run.pairs = Seconds(begin) - run.preparation;
  scratch.Remove();
  if (!result.ok()) return result.status();
  if (!result->distances.allFinite()) return absl::InternalError("a distance is missing");
  run.columns = metric.MeanColumns();
  run.rate = metric.Operations() / run.pairs * 1e-9;
  run.distances = std::move(result->distances);
  return run;
}

// One line of all_pairs_numpy.py.
struct Numpy {
  std::string version;
  double gemm = 0;                                                                        // GFLOP/s
  double svcca = 0, cka = 0, procrustes = 0, svcca_from_states = 0, cka_from_states = 0;  // seconds
};

std::optional<Numpy> MeasureNumpy(const std::string& python, const std::string& program,
                                  const std::string& folder) {
  const auto script = std::filesystem::path(program).parent_path() / "all_pairs_numpy.py";
  FILE* stream =
      popen(absl::StrCat(python, " '", script.string(), "' '", folder, "'").c_str(), "r");
  if (stream == nullptr) return std::nullopt;
  char text[512] = "";
  const bool answered = std::fgets(text, sizeof(text), stream) != nullptr;
  if (pclose(stream) != 0 || !answered) return std::nullopt;
  const std::vector<std::string> words =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  Numpy numpy;
  double* const numbers[] = {
      &numpy.gemm,           &numpy.svcca, &numpy.cka, &numpy.procrustes, &numpy.svcca_from_states,
      &numpy.cka_from_states};
  if (words.size() != 1 + std::size(numbers)) return std::nullopt;
  numpy.version = words[0];
  for (size_t i = 0; i < std::size(numbers); ++i) {
    if (!absl::SimpleAtod(words[i + 1], numbers[i])) return std::nullopt;
  }
  return numpy;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

// NumPy's measurements, taken between ours.
class NumpyRounds {
 public:
  NumpyRounds(const Population& population, const CommandLine& line, std::string program,
              std::string folder)
      : python_(line.texts.at("--python")),
        program_(std::move(program)),
        folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    for (int i = 0; i < std::min(kNumpyNetworks, population.size()); ++i) {
      base::WriteFile(absl::StrCat(folder_, "/states_", i, ".npy"), population.File(i))
          .IgnoreError();
    }
  }
  ~NumpyRounds() { std::filesystem::remove_all(folder_); }

  void Measure() {
    if (auto numpy = MeasureNumpy(python_, program_, folder_)) rounds_.push_back(*numpy);
  }
  bool any() const { return !rounds_.empty(); }
  std::string version() const { return rounds_.front().version; }
  double Of(double Numpy::*what) const {
    std::vector<double> values;
    for (const Numpy& round : rounds_) values.push_back(round.*what);
    return Median(values);
  }

 private:
  const std::string python_, program_, folder_;
  std::vector<Numpy> rounds_;
};

class Table {
 public:
  Table(const CommandLine& line, const std::string& program)
      : line_(line),
        networks_(line.NumberOr("--networks", line.quick ? kQuickNetworks : kNetworks)),
        folder_(
            (std::filesystem::temp_directory_path() / absl::StrCat("bench_all_pairs_", getpid()))
                .string()),
        program_(program) {}
  ~Table() { std::filesystem::remove_all(folder_); }

  absl::Status Print(std::vector<Figure>& figures) {
    figures_ = &figures;
    const Population full(networks_, true), low(networks_, false);
    NumpyRounds of_full(full, line_, program_, folder_ + "/full"),
        of_low(low, line_, program_, folder_ + "/low");
    of_full.Measure();
    auto svcca = Compare(full, "svcca", line_, folder_);
    if (!svcca.ok()) return svcca.status();
    of_low.Measure();
    auto cka = Compare(low, "cka", line_, folder_);
    if (!cka.ok()) return cka.status();
    of_full.Measure();
    auto procrustes = Compare(low, "procrustes", line_, folder_);
    if (!procrustes.ok()) return procrustes.status();
    of_low.Measure();
    of_full.Measure();
    const Population few(std::min(kFullRankNetworks, networks_), true);
    auto full_cka = Compare(few, "cka", line_, folder_);
    if (!full_cka.ok()) return full_cka.status();
    PrintHeader(of_full);
    Row("SVCCA, 95 %", *svcca, of_full, &Numpy::svcca, networks_);
    Row("CKA, all of 3-40", *cka, of_low, &Numpy::cka, networks_);
    Row("Procrustes, all of 3-40", *procrustes, of_low, &Numpy::procrustes, networks_);
    Row("CKA, all of 64", *full_cka, of_full, &Numpy::cka, few.size());
    Tell("peak memory", PeakGigabytes(), "GB");
    const auto embedding = Embed(svcca->distances);
    if (!embedding.ok()) return embedding.status();
    Verdicts(*svcca, *cka, *procrustes, of_full, *embedding);
    return absl::OkStatus();
  }

 private:
  void Tell(std::string name, double value, std::string unit) {
    figures_->push_back({std::move(name), value, std::move(unit)});
  }

  void PrintHeader(const NumpyRounds& numpy) {
    gemm_ = numpy.any() ? numpy.Of(&Numpy::gemm) : 0;
    std::printf(
        "%d networks, %d samples, %d units, %d to %d components; %d pairs; %d threads\n"
        "NumPy %s; large product in float32: %.1f GFLOP/s\n\n",
        networks_, kSamples, kUnits, kLeastComponents, kMostComponents,
        networks_ * (networks_ - 1) / 2,
        line_.NumberOr("--threads", std::thread::hardware_concurrency()),
        numpy.any() ? numpy.version().c_str() : "is not there", gemm_);
    std::printf("%-24s %8s %8s %9s %9s %9s %9s %8s %11s %7s\n", "metric", "networks", "columns",
                "prepare", "pairs s", "us/pair", "GFLOP/s", "of GEMM", "NumPy us", "x");
    Tell("gemm", gemm_, "GFLOP/s");
  }

  void Row(const char* name, const Run& run, const NumpyRounds& numpy, double Numpy::*loop,
           int networks) {
    const double pair = run.pairs / (0.5 * networks * (networks - 1.0));
    const double of_loop = numpy.any() ? numpy.Of(loop) : 0;
    std::printf("%-24s %8d %8.1f %9.1f %9.1f %9.2f %9.1f %8.2f %11.1f %7.1f\n", name, networks,
                run.columns, run.preparation, run.pairs, 1e6 * pair, run.rate,
                gemm_ > 0 ? run.rate / gemm_ : 0, 1e6 * of_loop, of_loop / pair);
    Tell(absl::StrCat(name, " pairs"), run.pairs, "s");
    Tell(absl::StrCat(name, " rate"), run.rate, "GFLOP/s");
    Tell(absl::StrCat(name, " times NumPy"), of_loop / pair, "x");
  }

  absl::StatusOr<double> Embed(const Matrix& distances) {
    analysis::MdsOptions options;
    options.threads = line_.NumberOr("--threads", std::thread::hardware_concurrency());
    const Clock::time_point begin = Clock::now();
    const auto embedding = analysis::EmbedMds(distances, options);
    const double seconds = Seconds(begin);
    if (!embedding.ok()) return embedding.status();
    std::printf("\nSMACOF: %.1f s, %d iterations, stress-1 %.4f, Shepard %.4f\n", seconds,
                embedding->iterations, embedding->stress1, embedding->shepard_correlation);
    Tell("smacof", seconds, "s");
    return seconds;
  }

  void Verdicts(const Run& svcca, const Run& cka, const Run& procrustes, const NumpyRounds& numpy,
                double embedding) {
    const double pairs = 0.5 * networks_ * (networks_ - 1.0);
    if (numpy.any()) {
      std::printf("NumPy from the states: SVCCA %.0f us a pair, %.0f times ours; CKA %.0f us\n",
                  1e6 * numpy.Of(&Numpy::svcca_from_states),
                  numpy.Of(&Numpy::svcca_from_states) * pairs / svcca.pairs,
                  1e6 * numpy.Of(&Numpy::cka_from_states));
      const double times = numpy.Of(&Numpy::svcca) * pairs / svcca.pairs;
      std::printf("SVCCA %.0f times a loop over cached factors: %.1f, %s\n", kTimesNumpy, times,
                  Judge(times >= kTimesNumpy));
    }
    if (networks_ >= kNetworks) {
      std::printf("SVCCA within %.0f s: %s; SMACOF within %.0f s: %s\n", kSvccaSeconds,
                  Judge(svcca.pairs <= kSvccaSeconds), kEmbeddingSeconds,
                  Judge(embedding <= kEmbeddingSeconds));
    }
    std::printf("CKA and Procrustes within %.0f times SVCCA's time: %s, %s; of its limit: %s, %s\n",
                kTimesSvcca, Judge(cka.pairs <= kTimesSvcca * svcca.pairs),
                Judge(procrustes.pairs <= kTimesSvcca * svcca.pairs),
                Judge(cka.pairs <= kTimesSvcca * kSvccaSeconds),
                Judge(procrustes.pairs <= kTimesSvcca * kSvccaSeconds));
    std::printf("peak memory %.2f GB, under %.0f: %s\n", PeakGigabytes(), kMemoryGigabytes,
                Judge(PeakGigabytes() < kMemoryGigabytes));
  }

  const CommandLine& line_;
  const int networks_;
  const std::string folder_, program_;
  double gemm_ = 0;
  std::vector<bench::Figure>* figures_ = nullptr;
};

}  // namespace
}  // namespace rnnfarm::bench

int main(int argc, char** argv) {
  using namespace rnnfarm::bench;
  CommandLine line;
  line.texts["--python"] = "/usr/bin/python3";
  line.numbers = {{"--networks", {}}, {"--threads", {}}, {"--memory-mb", {}}};
  return RunBenchmark("bench_all_pairs", kUsage, argc, argv, line,
                      [argv](const CommandLine& given, std::vector<Figure>& figures) {
                        return Table(given, argv[0]).Print(figures);
                      });
}
