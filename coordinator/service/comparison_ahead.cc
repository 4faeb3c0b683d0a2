#include "coordinator/service/comparison_ahead.h"

#include <glog/logging.h>

#include <exception>
#include <filesystem>
#include <set>
#include <system_error>
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
    const auto unfinished = Unfinished();
    if (unfinished.ok()) {
      RemoveAllBut(*unfinished);
      ForgetAllBut(*unfinished);
      for (const Comparison& comparison : *unfinished) {
        if (comparison.waits && !stopping_) Advance(comparison.of);
      }
    }
  } catch (const std::exception& thrown) {
    LOG(WARNING) << "a comparison to come could not be prepared: " << thrown.what();
  }
  running_ = false;
}

absl::StatusOr<std::vector<ComparisonAhead::Comparison>> ComparisonAhead::Unfinished() const {
  std::vector<Comparison> out;
  const absl::Status read = ledger_.Read([&](const scheduler::Scheduler& scheduler) {
    for (const std::string& sweep : scheduler.SweepNames()) {
      for (const v1::Job* job : scheduler.JobsOf(sweep)) {
        const bool over =
            job->state() == v1::JOB_STATE_SUCCEEDED || job->state() == v1::JOB_STATE_CANCELLED;
        if (job->kind() != v1::JOB_KIND_COMPARE || over) continue;
        out.push_back({{sweep, job->task()}, job->state() == v1::JOB_STATE_PENDING});
      }
    }
  });
  if (!read.ok()) return read;
  return out;
}

// While nothing is compared: there is no other folder that anybody writes to.
void ComparisonAhead::RemoveAllBut(const std::vector<Comparison>& unfinished) const {
  std::set<std::filesystem::path> kept;
  for (const Comparison& each : unfinished) {
    kept.insert(ScratchOf(scratch_, each.of.first, each.of.second).folder());
  }
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(scratch_, failed)) {
    if (stopping_) return;
    if (entry.is_directory(failed) && kept.count(entry.path()) == 0) {
      analysis::Scratch(entry.path()).Remove();
    }
  }
}

// A sweep that was deleted may come again under its name.
void ComparisonAhead::ForgetAllBut(const std::vector<Comparison>& unfinished) {
  std::map<SweepAndTask, int> kept;
  for (const Comparison& each : unfinished) {
    const auto found = complete_blocks_.find(each.of);
    if (found != complete_blocks_.end()) kept.insert(*found);
  }
  complete_blocks_ = std::move(kept);
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
