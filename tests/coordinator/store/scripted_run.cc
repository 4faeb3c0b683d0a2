#include "tests/coordinator/store/scripted_run.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/digest.h"

namespace rnnfarm::store {
namespace {

constexpr int kJobs = 24;
constexpr int kJobsOfASweep = 30;
constexpr char kAnswer[] = "0the answer";
constexpr absl::Time kDay = absl::FromUnixSeconds(1'000'000'000);

// The scheduler's promise to the store: a job's n-th event comes with its n-th attempt.
std::string JobName(int number) { return absl::StrCat("sweeps/s/jobs/j", 100 + number); }
std::string RequestOf(absl::string_view job, uint64_t attempt) {
  return absl::StrCat("Sync/", job, "/", attempt);
}

std::string Letters(size_t bytes, char letter) {
  std::string text(bytes, letter);
  for (size_t i = 0; i < bytes; i += 1009) text[i] = static_cast<char>(i / 1009);
  return text;
}

absl::Status Lost(const std::string& what) { return absl::UnknownError(what); }

// What a broken or full disk may say. Anything else is a fault of the store.
bool IsExcused(const absl::Status& status) {
  return absl::IsInternal(status) || absl::IsResourceExhausted(status) || absl::IsDataLoss(status);
}

}  // namespace

Options ScriptedOptions(const std::string& path, rocksdb::Env* env) {
  Options options;
  options.path = path;
  options.free_space_floor_bytes = 0;
  options.write_buffer_bytes = 64 << 10;
  options.now = [] { return kDay; };
  options.env = env;
  return options;
}

int64_t ScriptedRun::Acknowledged(const absl::Status& status) {
  if (!status.ok()) {
    if (unexcused_.ok() && !IsExcused(status)) unexcused_ = status;
    return INT64_MAX;
  }
  ++acknowledged_;
  return clock_();
}

void ScriptedRun::CommitJob(Store& store, int number, uint64_t attempt) {
  v1::Job job;
  job.set_name(JobName(number));
  job.set_attempt(attempt);
  job.set_reason(std::string(400, static_cast<char>('a' + attempt)));
  Batch batch;
  batch.jobs = {job};
  batch.events.push_back({job.name(), static_cast<int64_t>(attempt), {}});
  batch.events.back().event.set_attempt(attempt);
  batch.answers = {{RequestOf(job.name(), attempt), kAnswer}};
  const int64_t when = Acknowledged(store.Commit({batch}));
  jobs_[job.name()].emplace_back(when, attempt);
  answers_[RequestOf(job.name(), attempt)] = when;
}

void ScriptedRun::PutArtifact(Store& store, size_t bytes, char letter, bool kept) {
  Bytes artifact{Letters(bytes, letter), INT64_MAX, kept};
  const std::string digest = base::DigestOf(artifact.bytes);
  artifact.finished = Acknowledged(store.PutArtifact(artifact.bytes).status());
  artifacts_[digest] = std::move(artifact);
  if (!kept) return;
  Batch batch;
  batch.networks.emplace_back().set_name(absl::StrCat("sweeps/s/networks/", digest));
  (*batch.networks.back().mutable_artifacts())["network"] = digest;
  Acknowledged(store.Commit({batch}));
}

void ScriptedRun::LeaveUpload(Store& store) {
  const std::string bytes = Letters(70'000, 'u');
  const std::string digest = base::DigestOf(bytes);
  for (int64_t at = 0; at < 60'000; at += 20'000) {
    const auto status = store.AppendUpload(digest, static_cast<int64_t>(bytes.size()), at,
                                           absl::string_view(bytes).substr(at, 20'000));
    const int64_t when = Acknowledged(status);
    if (!status.ok()) return;
    uploads_[absl::StrCat(at, "/", digest)] = {at + 20'000, when};
  }
}

void ScriptedRun::MakeSweep(Store& store, int number) {
  Batch batch;
  batch.sweeps.emplace_back().set_name(absl::StrCat("sweeps/d", number));
  const std::string name = batch.sweeps[0].name();
  for (int i = 0; i < kJobsOfASweep; ++i) {
    batch.jobs.emplace_back().set_name(absl::StrCat(name, "/jobs/j", i));
    batch.jobs.back().set_attempt(i);
    batch.events.push_back({batch.jobs.back().name(), 0, {}});
  }
  sweeps_[name].made = Acknowledged(store.Commit({batch}));
}

void ScriptedRun::DeleteSweep(Store& store, int number) {
  Batch batch;
  batch.deleted_sweeps.emplace_back().set_name(absl::StrCat("sweeps/d", number));
  batch.deleted_sweeps[0].set_last_attempt(kJobsOfASweep - 1);
  sweeps_[batch.deleted_sweeps[0].name()].deleted = Acknowledged(store.Commit({batch}));
}

absl::Status ScriptedRun::Run(Store& store) {
  for (int round = 0; round < rounds_; ++round) {
    MakeSweep(store, round);
    if (round > 0) DeleteSweep(store, round - 1);
    for (int number = 0; number < kJobs; ++number) CommitJob(store, number, round);
    PutArtifact(store, 9'000 + round, 'k', true);
    PutArtifact(store, 300 + round, 's', true);
    PutArtifact(store, 20'000 + round, 'g', false);
    if (round == rounds_ / 2) PutArtifact(store, 1'200'000, 'L', true);
  }
  // First, since the upload would be as old as the garbage.
  Acknowledged(store.CollectGarbage(kDay + absl::Seconds(1)).status());
  LeaveUpload(store);
  for (int number = 0; number < kJobs; ++number) CommitJob(store, number, rounds_);
  return unexcused_;
}

absl::Status ScriptedRun::VerifyJobs(Store& store, int64_t time) const {
  std::map<std::string, v1::Job> found;
  Store::Visitor visitor{[](v1::Sweep) {}, [](v1::Configuration) {}, [](v1::Network) {},
                         [&](v1::Job job) { found[job.name()] = std::move(job); }};
  if (auto status = store.Load(visitor); !status.ok()) return status;
  for (const auto& [name, history] : jobs_) {
    const auto job = found.find(name);
    for (const auto& [when, attempt] : history) {
      if (when > time) continue;
      if (job == found.end() || job->second.attempt() < attempt) {
        return Lost(absl::StrCat(name, " lost its attempt ", attempt));
      }
    }
    if (job == found.end()) continue;
    const uint64_t attempt = job->second.attempt();
    if (job->second.reason() != std::string(400, static_cast<char>('a' + attempt))) {
      return Lost(absl::StrCat(name, " is not what was written"));
    }
  }
  return absl::OkStatus();
}

absl::Status ScriptedRun::VerifyAnswers(Store& store, int64_t time) const {
  for (const auto& [request, when] : answers_) {
    auto answer = store.FindAnswer(request);
    if (answer.ok() && *answer != kAnswer) return Lost(absl::StrCat(request, " answers wrongly"));
    if (!answer.ok() && !absl::IsNotFound(answer.status())) return answer.status();
    if (!answer.ok() && when <= time) return Lost(absl::StrCat(request, " lost its answer"));
  }
  return absl::OkStatus();
}

absl::Status ScriptedRun::VerifyEvents(Store& store, int64_t time) const {
  for (const auto& [name, history] : jobs_) {
    auto events = store.ReadEvents(name, 0, 1000);
    if (!events.ok()) return events.status();
    std::vector<uint64_t> attempts;
    for (const v1::JobEvent& event : *events) attempts.push_back(event.attempt());
    for (const auto& [when, attempt] : history) {
      const bool there = std::count(attempts.begin(), attempts.end(), attempt) == 1;
      if (when <= time && !there) return Lost(absl::StrCat(name, " lost event ", attempt));
    }
  }
  return absl::OkStatus();
}

absl::Status ScriptedRun::VerifyArtifacts(Store& store, int64_t time) const {
  for (const auto& [digest, artifact] : artifacts_) {
    auto bytes = store.ReadWholeArtifact(digest);
    if (bytes.ok() && *bytes != artifact.bytes) return Lost(absl::StrCat(digest, " is wrong"));
    if (!bytes.ok() && !absl::IsNotFound(bytes.status())) return bytes.status();
    if (!bytes.ok() && artifact.kept && artifact.finished <= time) {
      return Lost(absl::StrCat("artifact ", digest, " is lost"));
    }
  }
  for (const auto& [key, upload] : uploads_) {
    auto state = store.GetUpload(key.substr(key.find('/') + 1));
    if (!state.ok()) return state.status();
    if (upload.second <= time && state->committed_bytes < upload.first) {
      return Lost(
          absl::StrCat("an upload of ", upload.first, " bytes has ", state->committed_bytes));
    }
  }
  return absl::OkStatus();
}

// The whole of a sweep or nothing of it, and in its place the record that it was deleted.
absl::Status ScriptedRun::VerifySweeps(Store& store, int64_t time) const {
  std::map<std::string, int> jobs;
  std::set<std::string> there, deleted;
  Store::Visitor visitor{
      [&](const v1::Sweep& sweep) { there.insert(sweep.name()); }, [](v1::Configuration) {},
      [](v1::Network) {},
      [&](const v1::Job& job) { ++jobs[job.name().substr(0, job.name().find("/jobs/"))]; }};
  visitor.deleted_sweep = [&](const v1::DeletedSweep& gone) { deleted.insert(gone.name()); };
  if (auto status = store.Load(visitor); !status.ok()) return status;
  for (const auto& [name, life] : sweeps_) {
    const bool is_there = there.count(name) > 0, is_deleted = deleted.count(name) > 0;
    const int found = jobs.count(name) > 0 ? jobs.at(name) : 0;
    auto events = store.ReadEvents(absl::StrCat(name, "/jobs/j7"), 0, 2);
    if (!events.ok()) return events.status();
    if (found != (is_there ? kJobsOfASweep : 0) || events->empty() == is_there) {
      return Lost(absl::StrCat(name, " is there in part, with ", found, " jobs"));
    }
    if (is_there && is_deleted) return Lost(absl::StrCat(name, " is deleted and there"));
    if (life.made <= time && !is_there && !is_deleted) return Lost(absl::StrCat(name, " is lost"));
    if (life.deleted <= time && !is_deleted) return Lost(absl::StrCat(name, " comes back"));
  }
  return absl::OkStatus();
}

absl::Status ScriptedRun::Verify(Store& store, int64_t time) const {
  for (const auto verify :
       {&ScriptedRun::VerifyJobs, &ScriptedRun::VerifyAnswers, &ScriptedRun::VerifyEvents,
        &ScriptedRun::VerifyArtifacts, &ScriptedRun::VerifySweeps}) {
    if (auto status = (this->*verify)(store, time); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace rnnfarm::store
