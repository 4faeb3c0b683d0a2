#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "analysis/metric_registry.h"
#include "client/command.h"
#include "client/compare.h"
#include "client/compare_files.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

// In the folder of the results, until they are all there.
constexpr char kScratch[] = ".unfinished";
constexpr absl::Duration kBetweenWords = absl::Seconds(10);

struct Arguments {
  CompareRequest request;
  std::vector<std::string> options;  // name=value
  int64_t memory_mb = analysis::kDefaultMemoryBytes >> 20;
  std::string out;
  std::string format = "table";
};

absl::Status ReadOptions(const std::vector<std::string>& texts,
                         std::map<std::string, double>& options) {
  for (const std::string& text : texts) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    if (!absl::SimpleAtod(parts.second, &options[parts.first])) {
      return absl::InvalidArgumentError(
          absl::StrCat("--option ", text, " is not of the form name=number, such as variance=0.9"));
    }
  }
  return absl::OkStatus();
}

// Says on err, now and then, how far it is; what takes seconds is not spoken of.
std::function<bool(double)> Narration(Program& program) {
  return [&program, told = absl::Now()](double share) mutable {
    if (absl::Now() - told >= kBetweenWords && share < 1) {
      told = absl::Now();
      program.Say(absl::StrCat("compared: ", static_cast<int>(100 * share), " %"));
    }
    return true;
  };
}

int Run(Program& program, Arguments arguments) {
  CompareRequest& request = arguments.request;
  if (absl::Status status = ReadOptions(arguments.options, request.options); !status.ok()) {
    return program.Fail(status);
  }
  request.memory_bytes = arguments.memory_mb << 20;
  request.share_done = Narration(program);
  if (!arguments.out.empty()) {
    request.scratch = (std::filesystem::path(arguments.out) / kScratch).string();
  }
  const absl::StatusOr<Comparison> comparison = Compare(request);
  if (!comparison.ok()) return program.Fail(comparison.status());
  for (const auto& [network, reason] : comparison->left_out) {
    program.Say(absl::StrCat(network, " is left out: ", reason));
  }
  if (!arguments.out.empty()) {
    const absl::Status written = WriteComparison(*comparison, arguments.out, request.threads);
    if (!written.ok()) return program.Fail(written);
    std::error_code ignored;
    std::filesystem::remove_all(request.scratch, ignored);
  }
  if (arguments.format == "json" || arguments.format == "jsonl") {
    program.terminal.out << ComparisonJson(*comparison) << std::flush;
    return kOk;
  }
  const bool of_sweep = !request.with.empty();
  return Print(program, of_sweep ? NearestTable(*comparison) : DistanceTable(*comparison),
               arguments.format);
}

// "svcca (variance, components), cca, …"
std::string MetricsText() {
  std::vector<std::string> texts;
  for (const analysis::MetricKind& kind : analysis::MetricKinds()) {
    std::vector<std::string> options;
    for (const analysis::MetricOption& option : kind.options) options.emplace_back(option.name);
    texts.push_back(options.empty()
                        ? std::string(kind.name)
                        : absl::StrCat(kind.name, " (", absl::StrJoin(options, ", "), ")"));
  }
  return absl::StrJoin(texts, ", ");
}

std::vector<std::string> MetricNames() {
  std::vector<std::string> names;
  for (const analysis::MetricKind& kind : analysis::MetricKinds()) names.emplace_back(kind.name);
  return names;
}

}  // namespace

void AddCompareCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  arguments->request.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App* command = AddCommand(
      app, program, "compare",
      "Distances between recordings, and between them and a sweep's networks, without a farm",
      "rnnfarm compare mouse.npy --with results/my/flipflop --metric procrustes --out mouse",
      [&program, arguments] { return Run(program, *arguments); });
  command
      ->add_option("files", arguments->request.files,
                   ".npy files: samples x neurons, or trials x time x neurons; for metrics of "
                   "fixed points their .npz")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--metric", arguments->request.metric,
                   absl::StrCat("One of, with its options: ", MetricsText()))
      ->check(OneOf(MetricNames()))
      ->type_name("METRIC")
      ->capture_default_str();
  command->add_option("--option", arguments->options,
                      "Of the metric, name=number; may be given several times");
  command
      ->add_option("--with", arguments->request.with,
                   "A task's folder of a sweep's results: its networks are compared too")
      ->type_name("DIR");
  command->add_option("--threads", arguments->request.threads, "Threads that compare")
      ->check(Between(1, 1024))
      ->capture_default_str();
  command
      ->add_option("--memory-mb", arguments->memory_mb,
                   "Prepared networks held at once, in MiB; with --out the others wait on the disk")
      ->check(Between(1, 1 << 24))
      ->capture_default_str();
  command
      ->add_option("--out", arguments->out,
                   "Folder for the matrix, its embedding and the nearest networks; run again "
                   "after an interruption, it goes on")
      ->type_name("DIR");
  AddFormatOption(*command, arguments->format, "table|wide|csv|json|jsonl");
}

}  // namespace rnnfarm::client
