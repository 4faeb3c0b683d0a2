#include <limits>

#include "absl/strings/str_cat.h"
#include "coordinator/population/population.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
// Beyond this many comparisons of a cell with an exclusion CountNetworks does not look which cells
// are excluded.
constexpr int64_t kMostExclusionsLookedAt = 64'000'000;
constexpr char kNoReason[] = "excluded by the sweep";

int64_t Times(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMost : product;
}

bool Matches(const std::string& pattern, absl::string_view value) {
  return pattern.empty() || pattern == value;
}

// The product of the further axes.
int64_t AxisCells(const v1::SweepSpec& spec) {
  int64_t cells = 1;
  for (const v1::Axis& axis : spec.grid().axis()) cells = Times(cells, axis.value_size());
  return cells;
}

// Calls visit(task, architecture, activation, units, l2) for every cell before the further axes,
// in the order of the population.
template <typename Visit>
void ForEachCell(const v1::SweepSpec& spec, Visit visit) {
  for (const v1::Task& task : spec.task()) {
    for (const std::string& architecture : spec.grid().architecture()) {
      for (const std::string& activation : spec.grid().activation()) {
        for (int units : spec.grid().units()) {
          for (double l2 : spec.grid().l2()) visit(task, architecture, activation, units, l2);
        }
      }
    }
  }
}

const v1::KnownHyperparameters* FindKnown(const v1::SweepSpec& spec,
                                          const v1::Configuration& cell) {
  for (const v1::KnownHyperparameters& known : spec.hyperparameters()) {
    if (Matches(known.task(), cell.task()) && Matches(known.architecture(), cell.architecture()) &&
        Matches(known.activation(), cell.activation()) &&
        (!known.has_units() || known.units() == cell.units()) &&
        (!known.has_l2() || known.l2() == cell.l2())) {
      return &known;
    }
  }
  return nullptr;
}

void AddNetworks(const v1::SweepSpec& spec, const v1::Configuration& configuration,
                 std::vector<v1::Network>& networks) {
  const int64_t first = spec.seeds().first();
  for (int64_t seed = first; seed < first + spec.seeds().count(); ++seed) {
    for (bool untrained : {false, true}) {
      if (untrained && !spec.training().keep_untrained()) continue;
      v1::Network network;
      network.set_key(absl::StrCat(configuration.key(), "-s", seed, untrained ? "-untrained" : ""));
      network.set_name(absl::StrCat(configuration.sweep(), "/networks/", network.key()));
      network.set_configuration(configuration.key());
      network.set_task(configuration.task());
      network.set_architecture(configuration.architecture());
      network.set_activation(configuration.activation());
      network.set_units(configuration.units());
      network.set_l2(configuration.l2());
      *network.mutable_axes() = configuration.axes();
      network.set_seed(seed);
      network.set_untrained(untrained);
      network.set_state(untrained ? v1::NETWORK_STATE_TRAINED : v1::NETWORK_STATE_PENDING);
      networks.push_back(std::move(network));
    }
  }
}

void AddConfiguration(const v1::SweepSpec& spec, v1::Configuration configuration,
                      Population& population) {
  configuration.set_key(ConfigurationKey(configuration));
  if (const v1::KnownHyperparameters* known = FindKnown(spec, configuration)) {
    v1::Hyperparameters& chosen = *configuration.mutable_hyperparameters();
    chosen.set_learning_rate(known->learning_rate());
    chosen.set_lr_decay(known->lr_decay());
    chosen.set_momentum(known->momentum());
    chosen.set_clip_norm(known->clip_norm());
    configuration.set_chosen(true);
  }
  AddNetworks(spec, configuration, population.networks);
  population.configurations.push_back(std::move(configuration));
}

// The configurations of one cell: the product of the further axes, the last one fastest.
void AddAxes(const v1::SweepSpec& spec, int axis, const v1::Configuration& cell,
             Population& population) {
  if (axis == spec.grid().axis_size()) return AddConfiguration(spec, cell, population);
  for (double value : spec.grid().axis(axis).value()) {
    v1::Configuration next = cell;
    (*next.mutable_axes())[spec.grid().axis(axis).field()] = value;
    AddAxes(spec, axis + 1, next, population);
  }
}

void AddExcluded(absl::string_view reason, int64_t networks,
                 std::vector<v1::ExcludedCells>& excluded) {
  for (v1::ExcludedCells& cells : excluded) {
    if (cells.reason() == reason) return cells.set_networks(cells.networks() + networks);
  }
  v1::ExcludedCells cells;
  cells.set_reason(std::string(reason));
  cells.set_networks(networks);
  excluded.push_back(std::move(cells));
}

}  // namespace

const v1::Exclusion* FindExclusion(const v1::SweepSpec& spec, absl::string_view task,
                                   absl::string_view architecture, absl::string_view activation,
                                   int units, double l2) {
  for (const v1::Exclusion& exclusion : spec.exclude()) {
    if (Matches(exclusion.task(), task) && Matches(exclusion.architecture(), architecture) &&
        Matches(exclusion.activation(), activation) &&
        (!exclusion.has_units() || exclusion.units() == units) &&
        (!exclusion.has_l2() || exclusion.l2() == l2)) {
      return &exclusion;
    }
  }
  return nullptr;
}

Population Enumerate(const v1::SweepSpec& resolved) {
  Population population;
  const int64_t per_cell = Times(NetworksPerCell(resolved), AxisCells(resolved));
  ForEachCell(resolved, [&](const v1::Task& task, const std::string& architecture,
                            const std::string& activation, int units, double l2) {
    const v1::Exclusion* exclusion =
        FindExclusion(resolved, task.name(), architecture, activation, units, l2);
    if (exclusion != nullptr) {
      return AddExcluded(exclusion->reason().empty() ? kNoReason : exclusion->reason(), per_cell,
                         population.excluded);
    }
    v1::Configuration cell;
    cell.set_sweep(absl::StrCat("sweeps/", resolved.name()));
    cell.set_task(task.name());
    cell.set_architecture(architecture);
    cell.set_activation(activation);
    cell.set_units(units);
    cell.set_l2(l2);
    AddAxes(resolved, 0, cell, population);
  });
  AddImports(resolved, population);
  return population;
}

int64_t CountNetworks(const v1::SweepSpec& spec) {
  const v1::Grid& grid = spec.grid();
  int64_t cells = spec.task_size();
  for (int64_t size :
       {grid.architecture_size(), grid.activation_size(), grid.units_size(), grid.l2_size()}) {
    cells = Times(cells, size);
  }
  if (!spec.exclude().empty() && Times(cells, spec.exclude_size()) <= kMostExclusionsLookedAt) {
    cells = 0;
    ForEachCell(spec, [&](const v1::Task& task, const std::string& architecture,
                          const std::string& activation, int units, double l2) {
      if (FindExclusion(spec, task.name(), architecture, activation, units, l2) == nullptr) ++cells;
    });
  }
  const int64_t copies = spec.training().keep_untrained() ? 2 : 1;
  const int64_t trained = Times(Times(cells, AxisCells(spec)), Times(spec.seeds().count(), copies));
  return trained > kMost - spec.import_size() ? kMost : trained + spec.import_size();
}

}  // namespace rnnfarm::population
