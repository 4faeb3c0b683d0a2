#include <memory>

#include "absl/strings/str_join.h"
#include "analysis/similarity/metric.h"
#include "client/command.h"
#include "client/compare.h"

namespace rnnfarm::client {
namespace {

struct Arguments {
  CompareRequest request;
  double variance = 0.95;
  bool debiased = false;
  std::string out;
  std::string format = "table";
};

Table DistanceTable(const Comparison& comparison) {
  std::vector<Column> columns = {{"label"}};
  for (const std::string& label : comparison.labels) columns.push_back({label, false, false, true});
  Table table(columns);
  for (Eigen::Index i = 0; i < comparison.distances.rows(); ++i) {
    std::vector<Value> row = {comparison.labels[i]};
    for (Eigen::Index j = 0; j < comparison.distances.cols(); ++j) {
      row.push_back(comparison.distances(i, j));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

int Run(Program& program, Arguments arguments) {
  CompareRequest& request = arguments.request;
  if (request.metric == "svcca") request.options["variance"] = arguments.variance;
  if (request.metric == "cka") request.options["debiased"] = arguments.debiased ? 1 : 0;
  const absl::StatusOr<Comparison> comparison = Compare(request);
  if (!comparison.ok()) return program.Fail(comparison.status());
  if (!arguments.out.empty()) {
    const absl::Status written = WriteComparison(*comparison, arguments.out);
    if (!written.ok()) return program.Fail(written);
  }
  if (arguments.format == "json" || arguments.format == "jsonl") {
    program.terminal.out << ComparisonJson(*comparison) << std::flush;
    return kOk;
  }
  return Print(program, DistanceTable(*comparison), arguments.format);
}

}  // namespace

void AddCompareCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      AddCommand(app, program, "compare", "Distances between recordings (.npy), without a farm",
                 "rnnfarm compare mouse.npy network.npy --metric procrustes -o json",
                 [&program, arguments] { return Run(program, *arguments); });
  command
      ->add_option("files", arguments->request.files,
                   ".npy files: samples x neurons, or trials x time x neurons")
      ->required();
  command
      ->add_option("--metric", arguments->request.metric,
                   "One of: " + absl::StrJoin(analysis::MetricNames(), ", "))
      ->capture_default_str();
  command->add_option("--variance", arguments->variance, "svcca: share of the variance kept")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_flag("--debiased", arguments->debiased, "cka: the debiased estimator");
  command->add_option("--threads", arguments->request.threads, "Threads for the pairs")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--out", arguments->out, "Folder for the matrix and its embedding");
  AddFormatOption(*command, arguments->format, "table|wide|csv|json|jsonl");
}

}  // namespace rnnfarm::client
