#include "client/explanation.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/network_rows.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {
namespace {

using Stub = v1::FarmService::Stub;

absl::StatusOr<v1::Configuration> FindConfiguration(const Farm& farm, const std::string& sweep,
                                                    const std::string& key) {
  v1::ListConfigurationsRequest request;
  request.set_parent(sweep);
  request.set_filter(absl::StrCat("configuration=\"", key, "\""));
  const auto response = farm.Call(&Stub::ListConfigurations, request);
  if (!response.ok()) return response.status();
  return response->configurations().empty() ? v1::Configuration() : response->configurations(0);
}

absl::StatusOr<std::vector<v1::Job>> FindJobs(const Farm& farm, const std::string& sweep,
                                              const std::string& filter) {
  std::vector<v1::Job> jobs;
  v1::ListJobsRequest request;
  request.set_parent(sweep);
  request.set_filter(filter);
  const absl::Status listed = farm.ForEachPage<v1::ListJobsRequest, v1::ListJobsResponse>(
      &Stub::ListJobs, request, 0, [&jobs](const v1::ListJobsResponse& page) {
        jobs.insert(jobs.end(), page.jobs().begin(), page.jobs().end());
      });
  if (!listed.ok()) return listed;
  return jobs;
}

bool IsOfChosenDraw(const v1::Job& job, const v1::Configuration& configuration) {
  return configuration.has_chosen_draw() && configuration.chosen_draw() == job.draw();
}

// In order of role.
std::map<std::string, std::string> FilesOf(const v1::Network& network) {
  return {network.artifacts().begin(), network.artifacts().end()};
}

std::string Sentence(const v1::Network& network) {
  std::string text = Word(network.state());
  if (network.included()) return absl::StrCat(text, ", compared with the others");
  return network.excluded_reason().empty()
             ? text
             : absl::StrCat(text, ", excluded: ", network.excluded_reason());
}

void ShowNetwork(const v1::Network& network, std::ostream& out) {
  out << "network          " << network.name() << "\nstate            " << Sentence(network)
      << "\nconfiguration    " << network.configuration() << "\ntask             " << network.task()
      << "\n";
  if (population::IsRecording(network.architecture())) {
    out << "cell             none: it is recorded activity of " << network.units() << " units\n";
    return;
  }
  out << "cell             " << network.architecture() << ", " << network.activation() << ", "
      << network.units() << " units\nl2               " << ValueText(network.l2()) << "\n";
  const std::map<std::string, double> axes(network.axes().begin(), network.axes().end());
  for (const auto& [axis, value] : axes) out << axis << "  " << ValueText(value) << "\n";
  out << "seed             " << network.seed()
      << (network.reseeds() > 0 ? absl::StrCat(", ", SeedText(network)) : "") << "\n";
}

void ShowHyperparameters(const Explanation& explanation, std::ostream& out) {
  const v1::Network& network = explanation.network;
  if (network.has_hyperparameters()) {
    const v1::Hyperparameters& chosen = network.hyperparameters();
    out << "hyperparameters  learning rate " << ValueText(chosen.learning_rate()) << ", decay "
        << ValueText(chosen.lr_decay()) << ", momentum " << ValueText(chosen.momentum())
        << ", clip " << ValueText(chosen.clip_norm()) << "\n";
  }
  out << "from             " << explanation.HyperparametersFrom() << "\n";
  if (network.has_training()) {
    const v1::TrainingSummary& training = network.training();
    out << "training         " << training.iterations() << " iterations, validation loss "
        << ValueText(training.validation_loss()) << ", engine " << training.engine() << "\n";
  }
}

Table SearchJobsTable(const std::vector<v1::Job>& jobs) {
  Table table({{"draw"}, {"rung"}, {"state"}, {"attempt"}, {"worker"}, {"build"}, {"reason"}});
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  for (const v1::Job& job : jobs) {
    const v1::Attempt last =
        job.attempts().empty() ? v1::Attempt() : job.attempts(job.attempts_size() - 1);
    table.AddRow({int64_t{job.draw()}, int64_t{job.rung()}, Word(job.state()),
                  static_cast<int64_t>(job.attempt()), text(LastSegment(last.worker())),
                  text(last.build()), text(job.reason())});
  }
  return table;
}

}  // namespace

std::string Explanation::HyperparametersFrom() const {
  if (population::IsRecording(network.architecture())) return "none: it is no network";
  if (network.imported()) return "none: it was trained elsewhere";
  if (network.untrained()) return "none: it is the control that is not trained";
  if (!configuration.failure_reason().empty()) {
    return absl::StrCat("none: ", configuration.failure_reason());
  }
  if (!configuration.chosen()) {
    return absl::StrCat("not known yet: the search of ", configuration.trials_size(),
                        " draws goes on");
  }
  if (!configuration.has_chosen_draw()) return "known beforehand, from the sweep's file";
  std::string text =
      absl::StrCat("draw ", configuration.chosen_draw(), " of ", configuration.trials_size());
  for (const v1::SearchTrial& trial : configuration.trials()) {
    if (trial.draw() != configuration.chosen_draw()) continue;
    absl::StrAppend(&text, ", validation loss ", ValueText(trial.validation_loss()), " after ",
                    trial.iterations(), " iterations, at rung ", trial.rung());
  }
  return text;
}

void Explanation::Show(std::ostream& out, size_t width) const {
  ShowNetwork(network, out);
  ShowHyperparameters(*this, out);
  for (const auto& [role, digest] : FilesOf(network)) {
    out << "file             " << population::ResultPath(network, role) << "  " << digest << "\n";
  }
  if (!search.empty()) {
    out << "\nThe search's jobs, all draws\n"
        << SearchJobsTable(search).Render(Format::kTable, /*colour=*/false, width);
  }
  for (const JobStory& story : jobs) {
    out << "\n";
    ShowJobStory(story, out, width);
  }
  out << std::flush;
}

std::string Explanation::Json(bool one_line) const {
  std::vector<std::string> searched, made, files;
  for (const v1::Job& job : search) searched.push_back(MessageJson(job, one_line));
  for (const JobStory& story : jobs) made.push_back(JobStoryJson(story, one_line));
  for (const auto& [role, digest] : FilesOf(network)) {
    files.push_back(ObjectJson({{"role", JsonOf(role)},
                                {"digest", JsonOf(digest)},
                                {"path", JsonOf(population::ResultPath(network, role))}},
                               one_line));
  }
  return ObjectJson({{"network", MessageJson(network, one_line)},
                     {"configuration", MessageJson(configuration, one_line)},
                     {"hyperparameters_from", JsonOf(HyperparametersFrom())},
                     {"search", ArrayJson(searched, one_line)},
                     {"jobs", ArrayJson(made, one_line)},
                     {"files", ArrayJson(files, one_line)}},
                    one_line);
}

absl::StatusOr<Explanation> Explain(const Farm& farm, const std::string& network) {
  v1::GetNetworkRequest get;
  get.set_name(network);
  auto response = farm.Call(&Stub::GetNetwork, get);
  if (!response.ok()) return response.status();
  Explanation explanation;
  explanation.network = std::move(*response->mutable_network());
  const std::string& key = explanation.network.configuration();
  const std::string sweep = network.substr(0, network.find("/networks/"));
  auto configuration = FindConfiguration(farm, sweep, key);
  if (!configuration.ok()) return configuration.status();
  explanation.configuration = *std::move(configuration);
  if (!explanation.configuration.trials().empty()) {
    auto search =
        FindJobs(farm, sweep, absl::StrCat("kind=search and configuration=\"", key, "\""));
    if (!search.ok()) return search.status();
    explanation.search = *std::move(search);
  }
  auto own = FindJobs(farm, sweep, absl::StrCat("network=\"", explanation.network.key(), "\""));
  if (!own.ok()) return own.status();
  std::vector<std::string> names;
  for (const v1::Job& job : explanation.search) {
    if (IsOfChosenDraw(job, explanation.configuration)) names.push_back(job.name());
  }
  for (const v1::Job& job : *own) names.push_back(job.name());
  for (const std::string& name : names) {
    auto story = ReadJobStory(farm, name);
    if (!story.ok()) return story.status();
    explanation.jobs.push_back(*std::move(story));
  }
  return explanation;
}

}  // namespace rnnfarm::client
