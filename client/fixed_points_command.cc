#include <memory>

#include "base/array_file.h"
#include "base/digest.h"
#include "client/command.h"
#include "client/fixed_points.h"
#include "worker/rnn/foreign_network.h"

namespace rnnfarm::client {
namespace {

struct Arguments {
  std::string network, out, task;
  rnn::ForeignCell cell;
  std::vector<std::string> conditions;
  dynamics::Settings settings;
  uint64_t base_seed = 0;
  std::string format = "table";
};

absl::StatusOr<std::unique_ptr<task::Task>> TaskOf(const Arguments& arguments,
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

int Run(Program& program, const Arguments& arguments) {
  const absl::StatusOr<std::string> bytes = base::ReadFile(arguments.network);
  if (!bytes.ok()) {
    return program.Fail(absl::InvalidArgumentError(bytes.status().message()));
  }
  const auto network = rnn::ReadNetwork(*bytes, arguments.network, arguments.cell,
                                        [&program](const std::string& line) { program.Say(line); });
  if (!network.ok()) return program.Fail(network.status());
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

void AddCellOptions(CLI::App& command, rnn::ForeignCell& cell) {
  command
      .add_option("--architecture", cell.architecture,
                  "vanilla, ugrnn, gru, lstm or leaky, if the file does not say. gru: rows in the "
                  "order u,r,c (update, reset, candidate), the reset before the product with "
                  "weight_hh; torch.nn.GRU differs in both")
      ->type_name("NAME:{vanilla,ugrnn,gru,lstm,leaky}");
  command.add_option("--activation", cell.activation, "tanh or relu, if the file does not say")
      ->type_name("NAME:{tanh,relu}");
  command
      .add_option("--gate-bias", cell.gate_bias,
                  "Added inside the update or forget gate, if the file does not say")
      ->capture_default_str();
  command.add_option("--alpha", cell.alpha, "leaky: dt / tau, if the file does not say")
      ->capture_default_str();
}

}  // namespace

void AddFixedPointsCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = AddCommand(
      app, program, "fixed-points", "Fixed points of one network (.npz), without a farm",
      "rnnfarm fixed-points net.npz --architecture gru --activation tanh --condition 0,0,0 --out "
      "points.npz",
      [&program, arguments] { return Run(program, *arguments); });
  command
      ->add_option(
          "network", arguments->network,
          ".npz of weights, by PyTorch's parameter names or the equations' (W_g, A_g, b_g, …)")
      ->type_name("FILE")
      ->required();
  AddCellOptions(*command, arguments->cell);
  command
      ->add_option("--condition", arguments->conditions,
                   "Constant input x1,x2,…; may be given several times; default zeros")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--task", arguments->task,
                   "Probe and conditions of a task: flipflop, sine or cdi")
      ->type_name("NAME:{flipflop,sine,cdi}");
  command->add_option("--starts", arguments->settings.starts, "Starts of each round")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--rounds", arguments->settings.rounds, "Rounds at most")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--tolerance", arguments->settings.tolerance, "Largest q of a fixed point")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seed", arguments->base_seed, "Root of the random starts")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "File (.npz) for points, Jacobians, eigenvalues")
      ->type_name("FILE");
  AddFormatOption(*command, arguments->format);
}

}  // namespace rnnfarm::client
