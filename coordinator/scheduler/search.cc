// Successive halving of a configuration's random search: when all draws of a rung have ended, the
// better half goes on from where it stopped; after the last rung, or when one alone is left, the
// best one is chosen, if it has learnt.
#include <algorithm>
#include <cmath>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {
namespace {

// Ended with a loss that can be compared.
bool IsCandidate(const v1::SearchTrial& trial) { return trial.ended() && !trial.diverged(); }

// Empty, or why the draw with the smallest loss has not learnt.
std::string WhyNotLearnt(const ConfigurationEntry& entry, const v1::SearchTrial& best) {
  const v1::Configuration& configuration = entry.configuration;
  const double learnt_below = entry.sweep->sweep.spec().search().learnt_below();
  // A worker that does not tell the loss of answering 0 cannot be judged by it.
  if (learnt_below <= 0 || !configuration.has_zero_output_mse()) return "";
  const double threshold = learnt_below * configuration.zero_output_mse();
  if (best.validation_loss() < threshold) return "";
  const auto text = population::FormatNumber;
  return absl::StrCat("the search did not learn: its best draw, number ", best.draw(), " of ",
                      configuration.trials_size(), ", reached validation loss ",
                      text(best.validation_loss()), " after ", best.iterations(),
                      " iterations, not below ", text(threshold), " = search.learnt_below ",
                      text(learnt_below), " x ", text(configuration.zero_output_mse()),
                      ", the loss of a network that answers 0");
}

bool IsBetter(const v1::SearchTrial* a, const v1::SearchTrial* b) {
  return std::make_tuple(-a->rung(), a->validation_loss(), a->draw()) <
         std::make_tuple(-b->rung(), b->validation_loss(), b->draw());
}

// Why no draw ended with a loss that can be compared.
std::string WhyNoCandidate(const ConfigurationEntry& configuration) {
  int diverged = 0;
  for (const v1::SearchTrial& trial : configuration.configuration.trials()) {
    diverged += trial.diverged() ? 1 : 0;
  }
  const int draws = configuration.configuration.trials_size();
  if (diverged == draws) {
    return absl::StrCat("all ", draws, " draws of the hyperparameter search diverged");
  }
  return absl::StrCat("no draw of the hyperparameter search succeeded: ", diverged, " diverged, ",
                      draws - diverged, " failed");
}

}  // namespace

void Scheduler::State::EndSearch(JobEntry& job, uint64_t attempt, const v1::JobResult& result) {
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
  const auto curve = result.artifacts().find("curve");
  if (curve != result.artifacts().end()) trial.set_curve(curve->second);
  if (result.training().has_zero_output_mse()) {
    configuration.configuration.set_zero_output_mse(result.training().zero_output_mse());
  }
  MarkDirty(configuration);
  Conclude(job, attempt, diverged);
  AdvanceSearch(configuration);
}

void Scheduler::State::AdvanceSearch(ConfigurationEntry& configuration) {
  if (configuration.open_searches > 0 || configuration.configuration.chosen()) return;
  const int rung = static_cast<int>(configuration.entered.size()) - 1;
  std::vector<const v1::SearchTrial*> candidates;
  for (const v1::SearchTrial& trial : configuration.configuration.trials()) {
    if (IsCandidate(trial)) candidates.push_back(&trial);
  }
  if (candidates.empty()) return FailConfiguration(configuration, WhyNoCandidate(configuration));
  std::sort(candidates.begin(), candidates.end(), IsBetter);
  const auto end_of_rung =
      std::find_if(candidates.begin(), candidates.end(),
                   [&](const v1::SearchTrial* trial) { return trial->rung() != rung; });
  const auto at_rung = static_cast<int>(end_of_rung - candidates.begin());
  const bool last = rung + 1 >= configuration.sweep->sweep.spec().search().rungs();
  // If a whole rung came to nothing, the best of the rung before is the best there is.
  if (last || at_rung == 0) return Choose(configuration, *candidates.front());
  const int size = std::min(at_rung, population::NextRungSize(configuration.entered[rung]));
  // One alone has nobody to beat; it goes on only to show that it learns.
  if (size == 1 && WhyNotLearnt(configuration, *candidates.front()).empty()) {
    return Choose(configuration, *candidates.front());
  }
  std::vector<int> draws;
  for (int i = 0; i < size; ++i) draws.push_back(candidates[i]->draw());
  std::sort(draws.begin(), draws.end());
  for (int draw : draws) AddSearchJob(configuration, draw, rung + 1);
}

void Scheduler::State::Choose(ConfigurationEntry& configuration, const v1::SearchTrial& trial) {
  const std::string why = WhyNotLearnt(configuration, trial);
  if (!why.empty()) return FailConfiguration(configuration, why);
  configuration.configuration.set_chosen_draw(trial.draw());
  *configuration.configuration.mutable_hyperparameters() = trial.hyperparameters();
  configuration.configuration.set_chosen(true);
  MarkDirty(configuration);
  for (NetworkEntry* network : configuration.networks) {
    if (network->train != nullptr) Enqueue(*network->train);
  }
}

void Scheduler::State::FailConfiguration(ConfigurationEntry& configuration, absl::string_view why) {
  const std::string reason = ShortReason(why);
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
      Reopen(*job, "can be done after all: the search of its configuration is tried again");
    }
  }
}

}  // namespace rnnfarm::scheduler
