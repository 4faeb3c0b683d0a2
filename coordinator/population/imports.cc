// Networks that were trained elsewhere, and recordings.
#include <algorithm>
#include <filesystem>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/array_file.h"
#include "base/digest.h"
#include "base/recording.h"
#include "coordinator/population/findings.h"
#include "coordinator/population/rules.h"

namespace rnnfarm::population {
namespace {

std::string NameOf(const v1::Import& import) {
  return import.name().empty() ? std::filesystem::path(import.path()).stem().string()
                               : import.name();
}

std::string TaskOf(const v1::SweepSpec& spec, const v1::Import& import) {
  return import.task().empty() && spec.task_size() == 1 ? spec.task(0).name() : import.task();
}

template <typename Names>
void CheckKnown(const std::string& path, absl::string_view what, const std::string& name,
                const Names& valid, Findings& findings) {
  if (std::find(valid.begin(), valid.end(), name) != valid.end()) return;
  findings.Add(absl::StrCat(path, ".", what),
               name.empty()
                   ? absl::StrCat(what, " is missing; give one of ", absl::StrJoin(valid, ", "))
                   : UnknownName(what, name, valid));
}

void CheckImport(const v1::SweepSpec& spec, const v1::Import& import, const std::string& path,
                 Findings& findings) {
  if (import.path().empty()) {
    findings.Add(path + ".path",
                 "path is empty; it must name an .npz file of weights, or a recording");
    return;
  }
  std::vector<std::string> tasks;
  for (const v1::Task& task : spec.task()) tasks.push_back(task.name());
  if (!tasks.empty()) CheckKnown(path, "task", TaskOf(spec, import), tasks, findings);
  CheckKnown(path, "architecture", import.architecture(), ImportArchitectureNames(), findings);
  if (!IsRecording(import.architecture())) {
    CheckKnown(path, "activation", import.activation(), ActivationNames(), findings);
  } else if (!import.activation().empty()) {
    findings.Add(path + ".activation", "a recording has no activation; leave it out");
  }
  if (!IsName(NameOf(import), "-_.")) {
    findings.Add(path + ".name",
                 absl::StrCat("the network's name is \"", NameOf(import),
                              "\"; give it a name of 1 to 63 lower-case letters, digits, dashes, "
                              "points and underscores, with a letter or digit at both ends"));
  }
  if (!import.digest().empty() && !base::IsDigest(import.digest())) {
    findings.Add(path + ".digest",
                 "digest is not a SHA-256 of 64 lower-case hexadecimal digits; leave it out, it is "
                 "filled in at submission");
  }
}

// The first gate's name in the equations.
absl::string_view FirstGate(absl::string_view architecture) {
  if (architecture == "lstm") return "_I";
  if (architecture == "gru") return "_u";
  return architecture == "ugrnn" ? "_g" : "";
}

}  // namespace

std::string ImportKey(const v1::SweepSpec& spec, const v1::Import& import) {
  return absl::StrCat(TaskOf(spec, import), "-import-", NameOf(import));
}

const v1::Import* FindImport(const v1::SweepSpec& spec, absl::string_view key) {
  for (const v1::Import& import : spec.import()) {
    if (ImportKey(spec, import) == key) return &import;
  }
  return nullptr;
}

void CheckImports(const v1::SweepSpec& spec, Findings& findings) {
  std::set<std::string> seen;
  for (int i = 0; i < spec.import_size(); ++i) {
    const std::string path = Element("import", i);
    CheckImport(spec, spec.import(i), path, findings);
    const std::string key = ImportKey(spec, spec.import(i));
    if (!seen.insert(key).second) {
      findings.Add(path + ".name", absl::StrCat("another import is ", key,
                                                " already; give this one a name of its own"));
    }
  }
}

void AddImports(const v1::SweepSpec& resolved, Population& population) {
  for (const v1::Import& import : resolved.import()) {
    v1::Configuration configuration;
    configuration.set_key(ImportKey(resolved, import));
    configuration.set_sweep(absl::StrCat("sweeps/", resolved.name()));
    configuration.set_task(TaskOf(resolved, import));
    configuration.set_architecture(import.architecture());
    configuration.set_activation(import.activation());
    configuration.set_units(import.units());
    configuration.set_imported(true);
    configuration.set_chosen(true);  // nothing to search for
    v1::Network network;
    network.set_key(configuration.key());
    network.set_name(absl::StrCat(configuration.sweep(), "/networks/", network.key()));
    network.set_configuration(configuration.key());
    network.set_task(configuration.task());
    network.set_architecture(configuration.architecture());
    network.set_activation(configuration.activation());
    network.set_units(configuration.units());
    network.set_imported(true);
    network.set_state(v1::NETWORK_STATE_TRAINED);
    (*network.mutable_artifacts())[ImportRole(import.architecture())] = import.digest();
    population.configurations.push_back(std::move(configuration));
    population.networks.push_back(std::move(network));
  }
}

absl::StatusOr<int> ReadImportUnits(absl::string_view bytes, const v1::Import& import,
                                    int task_inputs) {
  if (IsRecording(import.architecture())) {
    const auto states = base::ReadRecording(bytes, import.path());
    if (!states.ok()) return states.status();
    return static_cast<int>(states->shape.back());
  }
  const auto archive = base::Archive::Decode(bytes, import.path());
  if (!archive.ok()) return archive.status();
  const absl::string_view gate = FirstGate(import.architecture());
  const bool by_gate = archive->Has(absl::StrCat("W", gate));
  const int64_t gates = by_gate ? 1 : GatesOf(import.architecture());
  const std::string recurrent = by_gate ? absl::StrCat("W", gate) : "weight_hh_l0";
  const std::string input = by_gate ? absl::StrCat("A", gate) : "weight_ih_l0";
  auto weights = archive->Find(recurrent, {-1, -1});
  if (!weights.ok()) return weights.status();
  const int64_t units = (*weights)->shape[1];
  weights = archive->Find(recurrent, {gates * units, units});
  if (!weights.ok()) return weights.status();
  const auto inputs = archive->Find(input, {gates * units, task_inputs > 0 ? task_inputs : -1});
  if (!inputs.ok()) return inputs.status();
  for (const auto& [name, array] : archive->entries()) {
    if (const int64_t at = base::FirstNonFinite(array); at >= 0) {
      return absl::InvalidArgumentError(absl::StrCat(import.path(), ": array ", name,
                                                     " is not finite at element ", at,
                                                     "; expected finite numbers"));
    }
  }
  return static_cast<int>(units);
}

}  // namespace rnnfarm::population
