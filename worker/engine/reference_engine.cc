#include "worker/engine/reference_engine.h"

#include <dlfcn.h>
#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "worker/engine/plan_check.h"
#include "worker/engine/trainer.h"

namespace rnnfarm::engine {

namespace {

// Sums must not be split among threads: their bytes would depend on how many there are.
void UseOneThread() {
  at::set_num_threads(1);
  using SetThreads = void (*)(int);
  if (void* symbol = dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<SetThreads>(symbol)(1);
  }
  // Vanishing gradients pass through denormal numbers, which cost a hundred times as much.
  at::globalContext().setFlushDenormal(true);
}

// Tensors of one gate's size that autograd keeps a step, by a generous count.
constexpr int64_t kTensorsPerGateAndStep = 6;

class ReferenceEngine final : public Engine {
 public:
  explicit ReferenceEngine(Limits limits) : limits_(limits) {}

  absl::string_view name() const override { return kReferenceEngine; }

  int64_t MemoryBytes(const Plan& plan, absl::Span<const Member> pack,
                      int threads) const override {
    int64_t largest = 0;
    for (const Member& member : pack) {
      largest = std::max(largest, int64_t{member.cell.gates()} * member.cell.units);
    }
    return largest * plan.task->steps() * plan.batch_size * kTensorsPerGateAndStep *
           int64_t{sizeof(float)} * std::min<int64_t>(threads, pack.size());
  }

  absl::StatusOr<std::vector<Outcome>> Train(const Plan& plan, absl::Span<const Member> pack,
                                             int threads, Observer& observer) override {
    if (absl::Status status = CheckPlan(plan); !status.ok()) return status;
    for (const Member& member : pack) {
      if (absl::Status status = CheckMember(plan, member); !status.ok()) return status;
    }
    std::vector<Outcome> outcomes(pack.size());
    std::atomic<size_t> next = 0;
    std::mutex mutex;
    absl::Status failure;
    const std::vector<Batch> validation = ValidationBatches(plan);
    const auto work = [&] {
      UseOneThread();
      for (size_t i = next++; i < pack.size(); i = next++) {
        try {
          outcomes[i] = Trainer(plan, pack[i], i, validation, observer).Run();
        } catch (const std::exception& error) {
          const std::lock_guard lock(mutex);
          failure.Update(absl::InternalError(absl::StrCat(pack[i].stream_key, ": ", error.what())));
          next = pack.size();
        }
      }
    };
    // Always threads of our own: the caller's keeps its settings.
    std::vector<std::thread> workers;
    const size_t count = std::clamp<size_t>(pack.size(), 1, std::max(threads, 1));
    for (size_t i = 0; i < count; ++i) workers.emplace_back(work);
    for (std::thread& worker : workers) worker.join();
    if (!failure.ok()) return failure;
    return outcomes;
  }

 private:
  const Limits limits_;
};

}  // namespace

std::unique_ptr<Engine> MakeReferenceEngine(Limits limits) {
  return std::make_unique<ReferenceEngine>(limits);
}

}  // namespace rnnfarm::engine
