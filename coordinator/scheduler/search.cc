// Successive halving of a configuration's random search: when all draws of a rung have ended, the
// better half goes on from where it stopped; after the last rung the best one is chosen.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Ended with a loss that can be compared.
bool IsCandidate(const v1::SearchTrial& trial) { return trial.ended() && !trial.diverged(); }

bool IsBetter(const v1::SearchTrial* a, const v1::SearchTrial* b) {
  return std::make_tuple(-a->rung(), a->validation_loss(), a->draw()) <
         std::make_tuple(-b->rung(), b->validation_loss(), b->draw());
}

}  // namespace

void Scheduler::State::EndSearch(JobEntry& job, const v1::JobResult& result) {
  ConfigurationEntry& configuration = *job.configuration;
  v1::SearchTrial& trial = *configuration.configuration.mutable_trials(job.job.draw());
  const double loss = result.training().validation_loss();
  const bool diverged = result.diverged() || !std::isfinite(loss);
  trial.set_rung(job.job.rung());
  trial.set_iterations(result.training().iterations());
  trial.set_validation_loss(std::isfinite(loss) ? loss : 0);
  trial.set_diverged(diverged);
  trial.set_ended(true);
  const auto checkpoint = result.artifacts().find("checkpoint");
  if (checkpoint != result.artifacts().end()) trial.set_checkpoint(checkpoint->second);
  MarkDirty(configuration);
  EndAttempt(job, diverged ? "diverged" : "succeeded");
  SetState(job, diverged ? v1::JOB_STATE_DIVERGED : v1::JOB_STATE_SUCCEEDED);
  AdvanceSearch(configuration);
}

void Scheduler::State::AdvanceSearch(ConfigurationEntry& configuration) {
  if (configuration.open_searches > 0 || configuration.configuration.chosen()) return;
  const int rung = static_cast<int>(configuration.entered.size()) - 1;
  std::vector<const v1::SearchTrial*> candidates;
  for (const v1::SearchTrial& trial : configuration.configuration.trials()) {
    if (IsCandidate(trial)) candidates.push_back(&trial);
  }
  if (candidates.empty()) return FailConfiguration(configuration);
  std::sort(candidates.begin(), candidates.end(), IsBetter);
  const auto end_of_rung =
      std::find_if(candidates.begin(), candidates.end(),
                   [&](const v1::SearchTrial* trial) { return trial->rung() != rung; });
  const auto at_rung = static_cast<int>(end_of_rung - candidates.begin());
  const bool last = rung + 1 >= configuration.sweep->sweep.spec().search().rungs();
  // If a whole rung came to nothing, the best of the rung before is the best there is.
  if (last || at_rung == 0) return Choose(configuration, *candidates.front());
  const int size = std::min(at_rung, population::NextRungSize(configuration.entered[rung]));
  std::vector<int> draws;
  for (int i = 0; i < size; ++i) draws.push_back(candidates[i]->draw());
  std::sort(draws.begin(), draws.end());
  for (int draw : draws) AddSearchJob(configuration, draw, rung + 1);
}

void Scheduler::State::Choose(ConfigurationEntry& configuration, const v1::SearchTrial& trial) {
  *configuration.configuration.mutable_hyperparameters() = trial.hyperparameters();
  configuration.configuration.set_chosen(true);
  MarkDirty(configuration);
  for (NetworkEntry* network : configuration.networks) {
    if (network->train != nullptr) Enqueue(*network->train);
  }
}

void Scheduler::State::FailConfiguration(ConfigurationEntry& configuration) {
  int diverged = 0;
  for (const v1::SearchTrial& trial : configuration.configuration.trials()) {
    diverged += trial.diverged() ? 1 : 0;
  }
  const int draws = configuration.configuration.trials_size();
  const std::string reason =
      diverged == draws
          ? absl::StrCat("all ", draws, " draws of the hyperparameter search diverged")
          : absl::StrCat("no draw of the hyperparameter search succeeded: ", diverged,
                         " diverged, ", draws - diverged, " failed");
  configuration.configuration.set_failure_reason(reason);
  MarkDirty(configuration);
  for (NetworkEntry* network : configuration.networks) {
    if (!network->network.untrained()) Exclude(*network, v1::NETWORK_STATE_CANCELLED, reason);
  }
}

void Scheduler::State::ReviveConfiguration(ConfigurationEntry& configuration) {
  configuration.configuration.clear_failure_reason();
  MarkDirty(configuration);
  for (NetworkEntry* network : configuration.networks) {
    if (network->network.state() != v1::NETWORK_STATE_CANCELLED) continue;
    network->network.set_state(v1::NETWORK_STATE_PENDING);
    network->network.clear_excluded_reason();
    MarkDirty(*network);
    for (JobEntry* job : {network->train, network->analyze}) {
      if (job == nullptr || job->job.state() != v1::JOB_STATE_CANCELLED) continue;
      job->job.clear_reason();
      SetState(*job, v1::JOB_STATE_PENDING);
    }
  }
}

}  // namespace rnnfarm::scheduler
