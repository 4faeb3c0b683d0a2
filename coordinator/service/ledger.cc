#include "coordinator/service/ledger.h"

#include <glog/logging.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>
#include <variant>

#include "absl/memory/memory.h"

namespace rnnfarm::service {
namespace {

absl::Status Stopped() {
  return absl::UnavailableError("the coordinator is shutting down; try again when it is back");
}

struct AddRecord {
  store::Batch& batch;
  void operator()(v1::Sweep& record) { batch.sweeps.push_back(std::move(record)); }
  void operator()(v1::Configuration& record) { batch.configurations.push_back(std::move(record)); }
  void operator()(v1::Network& record) { batch.networks.push_back(std::move(record)); }
  void operator()(v1::Job& record) { batch.jobs.push_back(std::move(record)); }
  void operator()(v1::Worker& record) { batch.workers.push_back(std::move(record)); }
  void operator()(v1::DeletedSweep& record) { batch.deleted_sweeps.push_back(std::move(record)); }
};

}  // namespace

Ledger::Ledger(store::RecordStore& store, Options options)
    : store_(store), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(store::RecordStore& store, Options options) {
  auto ledger = absl::WrapUnique(new Ledger(store, std::move(options)));
  {
    std::scoped_lock lock(ledger->durable_mutex_, ledger->state_mutex_);
    if (auto status = ledger->Restore(); !status.ok()) return status;
  }
  if (ledger->options_.own_thread) {
    ledger->thread_ = std::thread([raw = ledger.get()] { raw->Run(); });
  }
  return ledger;
}

Ledger::~Ledger() { Stop(); }

absl::Status Ledger::Restore() {
  // Answers that were never committed go with the state that they told of.
  last_syncs_.Clear();
  scheduler_.emplace(options_.scheduler);
  auto load = [this](auto&& record) { scheduler_->Load(std::move(record)); };
  store::RecordStore::Visitor visitor;
  visitor.sweep = load;
  visitor.configuration = load;
  visitor.network = load;
  visitor.job = load;
  visitor.worker = load;
  visitor.deleted_sweep = load;
  if (auto status = store_.Load(visitor); !status.ok()) return status;
  return scheduler_->FinishLoading(Now());
}

void Ledger::NoteFailure(const absl::Status& failure) {
  LOG(ERROR) << "cannot commit: " << failure;
  failure_ = failure;
  if (!absl::IsResourceExhausted(failure)) return;
  failure_ = Restore();
  next_reopen_ = Now() + kReopenPoll;
}

absl::Status Ledger::EnsureWritable() {
  if (!failure_.ok()) return failure_;
  absl::Status writable = store_.CheckWritable();
  if (writable.ok() || Now() < next_reopen_) return writable;
  next_reopen_ = Now() + kReopenPoll;
  if (auto reopened = store_.Reopen(); !reopened.ok()) {
    if (absl::IsResourceExhausted(reopened) || absl::IsUnavailable(reopened)) return writable;
    return failure_ = reopened;
  }
  LOG(WARNING) << "the store's disk has space again: it is written to once more";
  // A commit that had failed may be there now.
  return failure_ = Restore();
}

void Ledger::AddListener(Listener listener) {
  // The apply thread reads the list under these.
  std::scoped_lock lock(durable_mutex_, state_mutex_);
  listeners_.push_back(std::move(listener));
}

void Ledger::Post(scheduler::Event event, std::string answer_key, Done done) {
  {
    std::lock_guard lock(queue_mutex_);
    if (!stopping_) {
      queue_.push_back({std::move(event), std::move(answer_key), std::move(done)});
      queued_.notify_one();
      return;
    }
  }
  done(Stopped());
}

absl::StatusOr<Reply> Ledger::Call(scheduler::Event event, std::string answer_key) {
  // Shared, since the apply thread is still inside set_value when the waiter goes on.
  auto answer = std::make_shared<std::promise<absl::StatusOr<Reply>>>();
  std::future<absl::StatusOr<Reply>> answered = answer->get_future();
  Post(std::move(event), std::move(answer_key),
       [answer](absl::StatusOr<Reply> given) { answer->set_value(std::move(given)); });
  return answered.get();
}

absl::StatusOr<Reply> Ledger::FindAnswer(const std::string& answer_key) const {
  std::lock_guard lock(durable_mutex_);
  if (!failure_.ok()) return failure_;
  auto stored = store_.FindAnswer(answer_key);
  if (!stored.ok()) return stored.status();
  return DecodeReply(*stored);
}

absl::Status Ledger::Read(absl::FunctionRef<void(const scheduler::Scheduler&)> read) const {
  std::lock_guard lock(durable_mutex_);
  if (failure_.ok()) read(*scheduler_);
  return failure_;
}

absl::Status Ledger::ReadAhead(absl::FunctionRef<void(const scheduler::Scheduler&)> read) const {
  std::lock_guard lock(state_mutex_);
  if (failure_.ok()) read(*scheduler_);
  return failure_;
}

absl::Status Ledger::failure() const {
  std::lock_guard lock(state_mutex_);
  return failure_;
}

size_t Ledger::waiting() const {
  std::lock_guard lock(queue_mutex_);
  return queue_.size();
}

void Ledger::Stop() {
  {
    std::lock_guard lock(queue_mutex_);
    stopping_ = true;
    queued_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

bool Ledger::Gather(absl::Duration longest, std::vector<Pending>& gathered) {
  std::unique_lock lock(queue_mutex_);
  // Waiting for no time at all sleeps all the same, which a simulator feels.
  if (longest > absl::ZeroDuration()) {
    queued_.wait_for(lock, absl::ToChronoMilliseconds(longest),
                     [this] { return stopping_ || !queue_.empty(); });
  }
  const size_t count = stopping_ ? queue_.size() : std::min(queue_.size(), kMaxGathered);
  for (size_t i = 0; i < count; ++i) {
    gathered.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !stopping_;
}

void Ledger::Run() {
  while (true) {
    std::vector<Pending> gathered;
    if (!Gather(kTickPoll, gathered)) {
      for (Pending& pending : gathered) pending.done(Stopped());
      return;
    }
    ApplyAndCommit(std::move(gathered));
  }
}

absl::Status Ledger::Commit(const std::vector<store::Batch>& batches, absl::Time now) {
  const auto begun = std::chrono::steady_clock::now();
  absl::Status status = store_.Commit(batches);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  if (status.ok() && options_.metrics != nullptr) {
    options_.metrics->Committed(batches, now, took.count());
  }
  return status;
}

void Ledger::ApplyWaiting() {
  std::vector<Pending> gathered;
  Gather(absl::ZeroDuration(), gathered);
  ApplyAndCommit(std::move(gathered));
}

void Ledger::ApplyAndCommit(std::vector<Pending> gathered) {
  std::vector<Applied> applied;
  std::vector<Listener> listeners;
  bool woke = false;
  {
    std::lock_guard durable(durable_mutex_);
    listeners = listeners_;
    const absl::Time now = Now();
    std::vector<store::Batch> batches;
    {
      std::lock_guard state(state_mutex_);
      woke = Apply(gathered, now, batches, applied);
    }
    const bool changed = std::any_of(batches.begin(), batches.end(),
                                     [](const store::Batch& batch) { return !batch.empty(); });
    const absl::Status committed = changed ? Commit(batches, now) : absl::OkStatus();
    if (!committed.ok()) {
      for (Applied& one : applied) one.answer = committed;
      std::lock_guard state(state_mutex_);
      NoteFailure(committed);
    }
  }
  for (Applied& one : applied) one.done(std::move(one.answer));
  for (const Listener& listener : listeners) listener(woke);
}

bool Ledger::Apply(std::vector<Pending>& gathered, absl::Time now,
                   std::vector<store::Batch>& batches, std::vector<Applied>& applied) {
  std::map<std::string, std::string> answers;
  bool woke = false;
  batches.reserve(gathered.size() + 1);
  applied.reserve(gathered.size());
  const absl::Status failure = EnsureWritable();
  if (failure.ok() && now >= scheduler_->NextTick()) {
    batches.emplace_back();
    ApplyEvent(scheduler::Tick{}, now, batches.back(), woke).IgnoreError();
  }
  for (Pending& pending : gathered) {
    applied.push_back({failure.ok() ? ApplyOne(pending, now, batches, answers, woke) : failure,
                       std::move(pending.done)});
  }
  return woke;
}

absl::StatusOr<Reply> Ledger::ApplyOne(const Pending& pending, absl::Time now,
                                       std::vector<store::Batch>& batches,
                                       std::map<std::string, std::string>& answers, bool& woke) {
  const std::string& key = pending.answer_key;
  if (!key.empty()) {
    // The same request may wait twice in one batch.
    if (auto same = answers.find(key); same != answers.end()) return DecodeReply(same->second);
    auto stored = store_.FindAnswer(key);
    if (stored.ok()) return DecodeReply(*stored);
    if (!absl::IsNotFound(stored.status())) return stored.status();
  }
  batches.emplace_back();
  auto reply = ApplyEvent(pending.event, now, batches.back(), woke);
  if (!key.empty() && reply.ok()) {
    const std::string answer = EncodeReply(*reply);
    answers[key] = answer;
    batches.back().answers.emplace_back(key, answer);
  }
  return reply;
}

absl::StatusOr<Reply> Ledger::ApplyEvent(const scheduler::Event& event, absl::Time now,
                                         store::Batch& batch, bool& woke) {
  const auto* sync = std::get_if<scheduler::Sync>(&event);
  if (sync != nullptr) {
    if (const auto* answered = last_syncs_.Find(sync->request)) return Reply(*answered);
  }
  scheduler::Effects effects = scheduler_->Apply(event, now);
  for (scheduler::Record& record : effects.writes) std::visit(AddRecord{batch}, record);
  for (scheduler::NewJobEvent& added : effects.events) {
    batch.events.push_back({std::move(added.job), added.number, std::move(added.event)});
  }
  woke = woke || effects.wake_idle;
  if (!effects.status.ok()) return effects.status;
  if (sync != nullptr) {
    const auto* response = std::get_if<v1::SyncResponse>(&effects.reply);
    if (response != nullptr && (!response->leases().empty() || !response->outcomes().empty())) {
      last_syncs_.Remember(sync->request, *response);
    }
  }
  return std::move(effects.reply);
}

}  // namespace rnnfarm::service
