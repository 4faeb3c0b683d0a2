// Which jobs can be leased, and by whom.
#include <algorithm>
#include <utility>

#include "coordinator/scheduler/state.h"

namespace rnnfarm::scheduler {

bool Scheduler::State::IsReady(const JobEntry& job) const {
  switch (job.job.kind()) {
    case v1::JOB_KIND_SEARCH:
      return true;
    case v1::JOB_KIND_TRAIN:
      return job.configuration->configuration.chosen();
    case v1::JOB_KIND_ANALYZE:
      return job.network->network.state() == v1::NETWORK_STATE_TRAINED;
    case v1::JOB_KIND_COMPARE:
      return job.task->open == 0;
    default:
      return false;
  }
}

Demand& Scheduler::State::DemandOf(const Need& need) {
  const auto [found, is_new] = demands.try_emplace(need);
  Demand& demand = found->second;
  if (!is_new) return demand;
  for (const auto& [name, worker] : workers) {
    if (!worker.counted || !Meets(worker.ability, need)) continue;
    for (int kind = 0; kind < kJobKinds; ++kind) {
      demand.workers[kind] += worker.ability.Can(static_cast<v1::JobKind>(kind)) ? 1 : 0;
    }
  }
  return demand;
}

Need Scheduler::State::NeedOf(const JobEntry& job) const {
  // The coordinator itself compares, whatever the sweep asks of workers.
  if (job.job.kind() == v1::JOB_KIND_COMPARE) return {};
  Need need = job.sweep->need;
  need.memory_bytes = std::max(need.memory_bytes, job.job.memory_bytes());
  return need;
}

Line& Scheduler::State::LineOf(JobEntry& job) {
  const Need need = NeedOf(job);
  const auto [found, is_new] = job.shape->lines.try_emplace(need.memory_bytes);
  Line& line = found->second;
  if (is_new) {
    line.shape = job.shape;
    line.demand = &DemandOf(need);
    line.need = &demands.find(need)->first;
    line.raised = need.memory_bytes > job.sweep->need.memory_bytes;
  }
  return line;
}

void Scheduler::State::Enqueue(JobEntry& job) {
  if (job.queued != nullptr || job.delayed || job.job.state() != v1::JOB_STATE_PENDING ||
      !IsReady(job)) {
    return;
  }
  if (job.job.has_not_before() && GetTime(job.job.not_before()) > now) {
    delayed.insert({GetTime(job.job.not_before()), {&job}});
    job.delayed = true;
    return;
  }
  job.queued = &LineOf(job);
  queues.Add(*job.queued, job.order);
  work_appeared = true;
}

void Scheduler::State::Dequeue(JobEntry& job) {
  if (std::exchange(job.delayed, false)) {
    delayed.erase({GetTime(job.job.not_before()), {&job}});
  }
  Line* line = std::exchange(job.queued, nullptr);
  if (line != nullptr) queues.Remove(*line, job.order);
}

void Scheduler::State::PromoteDelayed() {
  while (!delayed.empty() && delayed.begin()->first <= now) {
    JobEntry& job = *delayed.begin()->second.job;
    Dequeue(job);
    Enqueue(job);
  }
}

void Scheduler::State::Watch(JobEntry& job) {
  // Only the coordinator compares, and only once.
  if (job.watched != nullptr || job.leases.size() != 1 || job.job.kind() == v1::JOB_KIND_COMPARE)
    return;
  int speculations = 0;
  for (const v1::Attempt& attempt : job.job.attempts()) speculations += attempt.speculative();
  if (speculations >= kMostSpeculations) return;
  job.watched = &LineOf(job);
  stragglers.Watch(*job.watched, job.leases[0].begin, job.order);
}

void Scheduler::State::Unwatch(JobEntry& job) {
  Line* line = std::exchange(job.watched, nullptr);
  if (line != nullptr) stragglers.Unwatch(*line, job.leases[0].begin, job.order);
}

void Scheduler::State::Rank(SweepEntry& sweep) {
  for (auto& shapes : sweep.shapes) {
    for (auto& [queue, shape] : shapes) {
      for (auto& [memory, line] : shape.lines) stragglers.Rank(line);
    }
  }
}

void Scheduler::State::Measure(JobEntry& job) {
  const v1::Attempt* winner = WinnerOf(job.job);
  if (winner == nullptr) return;
  const auto whole = WholeDuration(*winner, job.shape->extent);
  if (!whole) return;
  queues.Measure(*job.shape, *whole);
  Spent& spent = job.shape->spent;
  if (winner->on_device()) {
    spent.devices.Add(*whole / std::max(1, winner->pack_size()), job.shape->extent.operations);
  } else {
    spent.cores.Add(*whole, job.shape->extent.operations);
  }
  for (auto& [memory, line] : job.shape->lines) stragglers.Rank(line);
}

void Scheduler::State::AdoptScheduling(SweepEntry& sweep) {
  for (auto& [order, job] : sweep.jobs) {
    Dequeue(*job);
    Unwatch(*job);
  }
  for (auto& shapes : sweep.shapes) {
    for (auto& [queue, shape] : shapes) shape.lines.clear();
  }
  for (auto& shelves : sweep.shelves) shelves.clear();
  const v1::Scheduling& scheduling = sweep.sweep.spec().scheduling();
  sweep.need = scheduler::NeedOf(scheduling);
  queues.SetShare(sweep, scheduling.priority(), scheduling.has_weight() ? scheduling.weight() : 1);
}

void Scheduler::State::EnqueueAll(SweepEntry& sweep) {
  for (auto& [order, job] : sweep.jobs) {
    Enqueue(*job);
    Watch(*job);
  }
}

}  // namespace rnnfarm::scheduler
