#include <memory>
#include <sstream>

#include "client/command.h"
#include "client/explanation.h"

namespace rnnfarm::client {
namespace {

int ExplainNetwork(Program& program, const std::string& network, const std::string& format) {
  const absl::StatusOr<std::string> name = ChildName(network, "networks");
  if (!name.ok()) return program.Fail(name.status());
  const absl::StatusOr<Explanation> explanation = Explain(program.Connect(), *name);
  if (!explanation.ok()) return program.Fail(explanation.status());
  if (format == "table") {
    std::ostringstream text;
    explanation->Show(text, program.terminal.OutWidth());
    program.PrintText(text.str());
  } else {
    program.terminal.out << explanation->Json(format == "jsonl") << std::flush;
  }
  return kOk;
}

}  // namespace

void AddExplainCommand(CLI::App& parent, Program& program) {
  auto network = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("table");
  const std::string group = parent.get_parent() == nullptr ? "" : "networks ";
  CLI::App* command = AddCommand(
      parent, program, "explain",
      "Where a network comes from: hyperparameters, jobs, workers, builds, files",
      "rnnfarm " + group + "explain universality-2019/flipflop-gru-tanh-64-l2_1e-05-s0",
      [&program, network, format] { return ExplainNetwork(program, *network, *format); });
  command->add_option("network", *network, "SWEEP/KEY")->type_name("NETWORK")->required();
  AddFormatOption(*command, *format, "table|json|jsonl");
}

}  // namespace rnnfarm::client
