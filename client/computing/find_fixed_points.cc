#include <memory>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/digest.h"
#include "client/computing/computing.h"
#include "client/computing/fixed_points.h"

namespace rnnfarm::client {
namespace {

absl::StatusOr<std::unique_ptr<task::Task>> TaskOf(const FixedPointsArguments& arguments,
                                                   const rnn::CellSpec& cell) {
  if (!arguments.task.empty()) {
    if (arguments.conditions.empty()) return MakeNamedTask(arguments.task, cell);
    return absl::InvalidArgumentError("--task brings its own conditions; leave out --condition");
  }
  std::vector<std::vector<double>> conditions;
  for (const std::string& text : arguments.conditions) {
    absl::StatusOr<std::vector<double>> condition =
        ParseCondition(text, cell.inputs, arguments.network);
    if (!condition.ok()) return condition.status();
    conditions.push_back(*std::move(condition));
  }
  return MakeConditionsTask(cell, std::move(conditions));
}

// What the options say of the cell and the file says otherwise. Of a file that says nothing the
// network is what the options said.
absl::Status CheckCell(const FixedPointsArguments& arguments, const rnn::CellSpec& spec) {
  const auto contradiction = [&](const char* option, const auto& given, const auto& of_file) {
    return absl::InvalidArgumentError(absl::StrCat(option, " ", given, ": ", arguments.network,
                                                   " says of itself that it is ", of_file,
                                                   "; leave the option out"));
  };
  const rnn::ForeignCell& given = arguments.cell;
  if (!given.architecture.empty() && given.architecture != rnn::Name(spec.architecture)) {
    return contradiction("--architecture", given.architecture, rnn::Name(spec.architecture));
  }
  if (!given.activation.empty() && given.activation != rnn::Name(spec.activation)) {
    return contradiction("--activation", given.activation, rnn::Name(spec.activation));
  }
  if (arguments.gives_gate_bias && given.gate_bias != spec.gate_bias) {
    return contradiction("--gate-bias", given.gate_bias, spec.gate_bias);
  }
  if (arguments.gives_alpha && given.alpha != spec.alpha) {
    return contradiction("--alpha", given.alpha, spec.alpha);
  }
  return absl::OkStatus();
}

}  // namespace

int FindFixedPoints(Program& program, const FixedPointsArguments& arguments) {
  const absl::StatusOr<std::string> bytes = base::ReadFile(arguments.network);
  if (!bytes.ok()) {
    return program.Fail(absl::InvalidArgumentError(bytes.status().message()));
  }
  const auto network = rnn::ReadNetwork(*bytes, arguments.network, arguments.cell,
                                        [&program](const std::string& line) { program.Say(line); });
  if (!network.ok()) return program.Fail(network.status());
  const absl::Status agrees = CheckCell(arguments, network->spec);
  if (!agrees.ok()) return program.Fail(agrees);
  const auto task = TaskOf(arguments, network->spec);
  if (!task.ok()) return program.Fail(task.status());
  TakeInterruptsGracefully();
  std::string phase;
  const auto report = dynamics::Analyze(*network, **task, arguments.settings, arguments.base_seed,
                                        base::DigestOf(*bytes), [&](absl::string_view now, double) {
                                          if (phase != now) program.Say(std::string(now));
                                          phase = std::string(now);
                                          return !Interrupted();
                                        });
  if (!report.ok()) return program.Fail(report.status());
  if (!arguments.out.empty()) {
    const absl::Status written = base::WriteFile(arguments.out, report->fixed_points_file);
    if (!written.ok()) return program.Fail(written);
  }
  return Print(program, FixedPointsTable(report->conditions), arguments.format);
}

}  // namespace rnnfarm::client
