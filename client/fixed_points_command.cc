#include <limits>
#include <memory>

#include "client/command.h"
#include "client/computing.h"
#include "client/usage.h"

namespace rnnfarm::client {
namespace {

int FindFixedPoints(Program& program, const FixedPointsArguments& arguments) {
  const absl::Status reached = program.computing.reach();
  return reached.ok() ? program.computing.find_fixed_points(program, arguments)
                      : program.Fail(reached);
}

void AddCellOptions(CLI::App& command, FixedPointsArguments& arguments) {
  rnn::ForeignCell& cell = arguments.cell;
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
      ->each([&arguments](const std::string&) { arguments.gives_gate_bias = true; })
      ->capture_default_str();
  command.add_option("--alpha", cell.alpha, "leaky: dt / tau, if the file does not say")
      ->each([&arguments](const std::string&) { arguments.gives_alpha = true; })
      ->capture_default_str();
}

}  // namespace

void AddFixedPointsCommand(CLI::App& app, Program& program) {
  auto arguments = std::make_shared<FixedPointsArguments>();
  CLI::App* command = AddCommand(
      app, program, "fixed-points", "Fixed points of one network (.npz), without a farm",
      "rnnfarm fixed-points net.npz --architecture gru --activation tanh --condition 0,0,0 --out "
      "points.npz",
      [&program, arguments] { return FindFixedPoints(program, *arguments); });
  command
      ->add_option(
          "network", arguments->network,
          ".npz of weights, by PyTorch's parameter names or the equations' (W_g, A_g, b_g, …)")
      ->type_name("FILE")
      ->required();
  AddCellOptions(*command, *arguments);
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
      ->check(Between(1, 1e9))
      ->capture_default_str();
  command->add_option("--rounds", arguments->settings.rounds, "Rounds at most")
      ->check(Between(1, 1e9))
      ->capture_default_str();
  command->add_option("--tolerance", arguments->settings.tolerance, "Largest q of a fixed point")
      ->check(Between(std::numeric_limits<double>::min(), std::numeric_limits<double>::max()))
      ->capture_default_str();
  command->add_option("--seed", arguments->base_seed, "Root of the random starts")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "File (.npz) for points, Jacobians, eigenvalues")
      ->type_name("FILE");
  AddFormatOption(*command, arguments->format);
}

}  // namespace rnnfarm::client
