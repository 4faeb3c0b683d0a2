#include <memory>
#include <sstream>

#include "client/command.h"
#include "client/listing.h"
#include "client/network_rows.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

int List(Program& program, const ListingArguments& arguments) {
  const absl::StatusOr<std::string> sweep = SweepName(arguments.sweep);
  if (!sweep.ok()) return program.Fail(sweep.status());
  v1::ListNetworksRequest request;
  request.set_parent(*sweep);
  std::vector<v1::Network> networks;
  const auto shown = ReadListing<v1::ListNetworksRequest, v1::ListNetworksResponse>(
      program.Connect(), arguments, &Stub::ListNetworks, request,
      [&](const v1::ListNetworksResponse& page) {
        networks.insert(networks.end(), page.networks().begin(), page.networks().end());
      });
  if (!shown.ok()) return program.Fail(shown.status());
  const int printed = Print(program, NetworksTable(networks), arguments.format);
  SayHowMany(program, *shown);
  return printed;
}

// One network, a line a value.
void ShowText(const v1::Network& network, std::ostream& out) {
  out << "network          " << network.key() << "\nstate            " << Word(network.state())
      << "\n";
  if (network.reseeds() > 0) {
    out << "seed             " << network.seed() << ", " << SeedText(network) << "\n";
  }
  if (network.has_training()) {
    out << "iterations       " << network.training().iterations() << "\nvalidation loss  "
        << ValueText(network.training().validation_loss()) << "\n";
  }
  if (network.state() == v1::NETWORK_STATE_DIVERGED) {
    out << "diverged at      " << network.training().diverged_at() << "\n";
    if (network.training().has_last_finite_loss()) {
      out << "last finite loss " << ValueText(network.training().last_finite_loss()) << "\n";
    }
  }
  if (network.has_hyperparameters()) {
    const v1::Hyperparameters& chosen = network.hyperparameters();
    out << "learning rate    " << ValueText(chosen.learning_rate()) << "  (decay "
        << ValueText(chosen.lr_decay()) << ", momentum " << ValueText(chosen.momentum())
        << ", clip " << ValueText(chosen.clip_norm()) << ")\n";
  }
  for (const v1::ConditionSummary& condition : network.fixed_points().conditions()) {
    v1::FixedPointSummary one;
    *one.add_conditions() = condition;
    out << "condition " << condition.condition() << "      " << FixedPointsText(one)
        << " fixed points by unstable directions, index sum " << condition.index_sum() << ", "
        << Word(condition.verdict()) << ", " << condition.converged() << " of "
        << condition.starts() << " starts converged\n";
  }
  if (!network.excluded_reason().empty()) {
    out << "excluded         " << network.excluded_reason() << "\n";
  }
  for (const auto& [role, digest] : network.artifacts()) out << role << "  " << digest << "\n";
}

int Show(Program& program, const std::string& network, const std::string& format) {
  const absl::StatusOr<std::string> name = ChildName(network, "networks");
  if (!name.ok()) return program.Fail(name.status());
  v1::GetNetworkRequest request;
  request.set_name(*name);
  const auto response = program.Connect().Call(&Stub::GetNetwork, request);
  if (!response.ok()) return program.Fail(response.status());
  if (format == "table") {
    std::ostringstream text;
    ShowText(response->network(), text);
    program.PrintText(text.str());
  } else {
    program.terminal.out << MessageJson(response->network(), format == "jsonl") << std::flush;
  }
  return kOk;
}

}  // namespace

void AddNetworksCommands(CLI::App& app, Program& program) {
  CLI::App* group = AddGroup(app, "networks", "Networks of a sweep",
                             "rnnfarm networks list universality-2019 -o csv");

  auto listing = std::make_shared<ListingArguments>();
  CLI::App* list =
      AddCommand(*group, program, "list", "Networks, as many as --limit says",
                 "rnnfarm networks list universality-2019 --where 'units>=128' --sort loss",
                 [&program, listing] { return List(program, *listing); });
  list->add_option("sweep", listing->sweep, "Name of the sweep")->type_name("SWEEP")->required();
  AddListingOptions(*list, *listing, {NetworkStateWords(), "units>=128 and architecture=gru"});

  auto network = std::make_shared<std::string>();
  auto format = std::make_shared<std::string>("table");
  CLI::App* command =
      AddCommand(*group, program, "show", "One network: training, fixed points, files",
                 "rnnfarm networks show universality-2019/flipflop-gru-tanh-64-l2_1e-05-s0",
                 [&program, network, format] { return Show(program, *network, *format); });
  command->add_option("network", *network, "SWEEP/KEY")->type_name("NETWORK")->required();
  AddFormatOption(*command, *format, "table|json|jsonl");

  AddExplainCommand(*group, program);
}

}  // namespace rnnfarm::client
