#include "coordinator/service/comparison_ahead.h"

#include <glog/logging.h>

#include <exception>
#include <utility>

#include "absl/time/clock.h"
#include "coordinator/comparison/comparison.h"
#include "coordinator/service/comparison_input.h"

namespace rnnfarm::service {
namespace {

// A look goes over every job and network of what is unfinished.
constexpr absl::Duration kBetweenLooks = absl::Seconds(60);

}  // namespace

ComparisonAhead::ComparisonAhead(Ledger& ledger, store::Store& store,
                                 const analysis::PairwiseOptions& pairs, std::string scratch)
    : ledger_(ledger), store_(store), pairs_(pairs), scratch_(std::move(scratch)) {
  pairs_.threads = 1;
}

void ComparisonAhead::Look() {
  if (running_ || absl::Now() - last_look_ < kBetweenLooks) return;
  Stop();
  last_look_ = absl::Now();
  stopping_ = false;
  running_ = true;
  thread_ = std::thread([this] { Run(); });
}

void ComparisonAhead::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void ComparisonAhead::Run() {
  // Libraries throw where memory runs out; the comparison itself will say so.
  try {
    for (const SweepAndTask& of : Unfinished()) {
      if (!stopping_) Advance(of);
    }
  } catch (const std::exception& thrown) {
    LOG(WARNING) << "a comparison to come could not be prepared: " << thrown.what();
  }
  running_ = false;
}

std::vector<ComparisonAhead::SweepAndTask> ComparisonAhead::Unfinished() const {
  std::vector<SweepAndTask> out;
  ledger_
      .Read([&](const scheduler::Scheduler& scheduler) {
        for (const std::string& sweep : scheduler.SweepNames()) {
          for (const v1::Job* job : scheduler.JobsOf(sweep)) {
            const bool to_come =
                job->kind() == v1::JOB_KIND_COMPARE && job->state() == v1::JOB_STATE_PENDING;
            if (to_come) out.emplace_back(sweep, job->task());
          }
        }
      })
      .IgnoreError();
  return out;
}

void ComparisonAhead::Advance(const SweepAndTask& of) {
  auto input = ReadComparisonInput(ledger_, of.first, of.second);
  if (!input.ok()) return;
  const int complete = comparison::CompleteBlocks(input->networks);
  if (complete == complete_blocks_[of]) return;
  const analysis::Scratch scratch = ScratchOf(scratch_, of.first, of.second);
  input->pairs = pairs_;
  input->pairs.scratch = &scratch;
  const absl::Status status = comparison::CompareAhead(
      *input, [&](const std::string& digest) { return store_.ReadWholeArtifact(digest); },
      [&] { return !stopping_; });
  if (status.ok() || !absl::IsCancelled(status)) complete_blocks_[of] = complete;
  // The comparison itself will say so too, and be tried again.
  if (!status.ok() && !absl::IsCancelled(status)) {
    LOG(WARNING) << of.first << ", task " << of.second << ", cannot be compared ahead: " << status;
  }
}

}  // namespace rnnfarm::service
