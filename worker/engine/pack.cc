#include "worker/engine/pack.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/thrown.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/trainer.h"

namespace rnnfarm::engine {

namespace {

// As many as fit; RESOURCE_EXHAUSTED where not even one does.
absl::StatusOr<int> ThreadsThatFit(const Engine& engine, const Limits& limits, const Plan& plan,
                                   absl::Span<const Member> pack, int threads) {
  int fitting = static_cast<int>(
      std::clamp<size_t>(pack.size(), 1, static_cast<size_t>(std::max(threads, 1))));
  if (limits.memory_bytes <= 0) return fitting;
  while (fitting > 1 && engine.MemoryBytes(plan, pack, fitting) > limits.memory_bytes) --fitting;
  const int64_t needed = engine.MemoryBytes(plan, pack, fitting);
  if (needed <= limits.memory_bytes) return fitting;
  constexpr double kMebibyte = 1 << 20;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "training %s needs %.0f MiB, more than the limit of %.0f MiB; raise --memory, or lower "
      "batch_size, units or the task's steps",
      pack.front().stream_key, needed / kMebibyte, limits.memory_bytes / kMebibyte));
}

}  // namespace

absl::StatusOr<std::vector<Outcome>> TrainPack(const Engine& engine, const Limits& limits,
                                               const Plan& plan, absl::Span<const Member> pack,
                                               int threads, Observer& observer,
                                               const MakeLearner& make_learner) {
  if (absl::Status status = CheckPlan(plan); !status.ok()) return status;
  for (const Member& member : pack) {
    if (absl::Status status = CheckMember(plan, member); !status.ok()) return status;
  }
  std::vector<Outcome> outcomes(pack.size());
  if (pack.empty()) return outcomes;
  const auto count = ThreadsThatFit(engine, limits, plan, pack, threads);
  if (!count.ok()) return count.status();
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  absl::Status failure;
  const auto work = [&] {
    for (size_t i = next++; i < pack.size(); i = next++) {
      try {
        outcomes[i] = Trainer(plan, pack[i], i, *make_learner(pack[i]), observer).Run();
        observer.OnEnd(i, outcomes[i]);
      } catch (const std::exception& error) {
        const absl::Status status =
            base::StatusOfThrown(absl::StrCat("training ", pack[i].stream_key), error);
        observer.OnFailure(i, status);
        const std::lock_guard lock(mutex);
        failure.Update(status);
      }
    }
  };
  // Always threads of our own: the caller's keeps its settings.
  std::vector<std::thread> workers;
  for (int i = 0; i < *count; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  if (!failure.ok()) return failure;
  return outcomes;
}

}  // namespace rnnfarm::engine
