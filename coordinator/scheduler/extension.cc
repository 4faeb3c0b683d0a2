#include "coordinator/scheduler/extension.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"

namespace rnnfarm::scheduler {
namespace {

// Scheduling makes none.
std::string FirstDifference(const v1::SweepSpec& was, const v1::SweepSpec& is) {
  std::string report;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.IgnoreField(v1::SweepSpec::descriptor()->FindFieldByName("scheduling"));
  differencer.ReportDifferencesToString(&report);
  if (differencer.Compare(was, is)) return "";
  return report.substr(0, report.find('\n'));
}

// What an extension may not change: all but the grid, seeds, further tasks and limits. Whether the
// old networks are all still there is a question to the populations.
v1::SweepSpec FixedPart(const v1::SweepSpec& spec, const v1::SweepSpec& original) {
  v1::SweepSpec fixed = spec;
  fixed.clear_grid();
  fixed.clear_exclude();
  fixed.clear_seeds();
  fixed.clear_limits();
  fixed.clear_hyperparameters();
  fixed.mutable_training()->clear_keep_untrained();
  fixed.clear_import();
  for (const v1::Import& old : original.import()) {
    const std::string key = population::ImportKey(original, old);
    const v1::Import* kept = population::FindImport(spec, key);
    if (kept != nullptr) *fixed.add_import() = *kept;
  }
  fixed.clear_task();
  for (const v1::Task& old : original.task()) {
    for (const v1::Task& task : spec.task()) {
      if (task.name() == old.name()) *fixed.add_task() = task;
    }
  }
  return fixed;
}

}  // namespace

std::string WhatExtensionBreaks(const v1::SweepSpec& was, const population::Population& before,
                                const v1::SweepSpec& is, const population::Population& after) {
  const std::string difference = FirstDifference(FixedPart(was, was), FixedPart(is, was));
  if (!difference.empty()) return difference;
  absl::flat_hash_map<std::string, const v1::Configuration*> configurations;
  for (const v1::Configuration& each : after.configurations) configurations[each.key()] = &each;
  for (const v1::Configuration& old : before.configurations) {
    const auto found = configurations.find(old.key());
    if (found == configurations.end()) return absl::StrCat("removed: configuration ", old.key());
    if (!google::protobuf::util::MessageDifferencer::Equals(old, *found->second)) {
      return absl::StrCat("modified: known hyperparameters of ", old.key());
    }
  }
  absl::flat_hash_map<std::string, bool> networks;
  for (const v1::Network& network : after.networks) networks[network.key()] = true;
  for (const v1::Network& old : before.networks) {
    if (!networks.contains(old.key())) return absl::StrCat("removed: network ", old.key());
  }
  return "";
}

absl::Status IsAnother(const v1::Sweep& sweep, const v1::SweepSpec& is) {
  const v1::SweepSpec& was = sweep.spec();
  // Populations are looked at only where all else leaves the question to them.
  const bool extends =
      sweep.state() != v1::SWEEP_STATE_CANCELLED &&
      FirstDifference(FixedPart(was, was), FixedPart(is, was)).empty() &&
      WhatExtensionBreaks(was, population::Enumerate(was), is, population::Enumerate(is)).empty();
  const bool over = sweep.state() == v1::SWEEP_STATE_SUCCEEDED ||
                    sweep.state() == v1::SWEEP_STATE_FAILED ||
                    sweep.state() == v1::SWEEP_STATE_CANCELLED;
  return absl::AlreadyExistsError(absl::StrCat(
      "sweep ", sweep.name(), " exists with another specification (", FirstDifference(was, is),
      "); ",
      extends ? "as this one only adds to it, extend it with --extend, or choose another name"
              : "choose another name",
      over ? ", or delete that one before" : ""));
}

}  // namespace rnnfarm::scheduler
