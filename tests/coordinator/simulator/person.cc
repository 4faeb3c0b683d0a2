#include "tests/coordinator/simulator/person.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/coordinator/simulator/fate.h"

namespace rnnfarm::simulator {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(15);
constexpr absl::Duration kShortestRest = absl::Seconds(5), kLongestRest = absl::Seconds(40);
constexpr absl::Duration kLatestExtension = absl::Minutes(5);
constexpr double kDooms = 0.5, kReplaces = 0.7;
constexpr absl::Duration kLatestReplacement = absl::Seconds(40);
constexpr uint64_t kSeedsToOneReseeded = 4;
constexpr size_t kMostReseeded = 5;
constexpr char kFirst[] = "sweeps/first", kUrgent[] = "sweeps/urgent", kDoomed[] = "sweeps/doomed";

bool IsFailure(v1::JobState state) {
  return state == v1::JOB_STATE_FAILED || state == v1::JOB_STATE_QUARANTINED ||
         state == v1::JOB_STATE_HELD;
}

// The coordinator is not there, or cannot write; anything else is its word.
bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

}  // namespace

Person::Person(World& world, Coordinator& coordinator, Judge& judge, uint64_t seed)
    : world_(world), coordinator_(coordinator), judge_(judge), seed_(seed) {
  Submit(FirstSweep(false), false, [this] {
    world_.After(world_.Between(absl::Seconds(1), kLatestExtension),
                 [this] { Submit(FirstSweep(true), true, [this] { extended_ = true; }); });
  });
  Submit(UrgentSweep(), false);
  Submit(DoomedSweep(), false, [this] {
    if (!world_.Chance(kDooms)) return;
    world_.After(world_.Between(absl::Seconds(1), kLatestExtension), [this] {
      world_.Count("sweep cancelled");
      Ask("CancelSweep", scheduler::CancelSweep{kDoomed}, [this] {
        if (world_.Toss(kReplaces)) Replace(kDoomed, DoomedSweep());
      });
    });
  });
  Fuss();
}

void Person::Ask(const std::string& method, scheduler::Event event, std::function<void()> then,
                 std::function<void()> refused) {
  auto question = std::make_shared<Question>();
  question->method = method;
  question->key = absl::StrCat(method, "/", next_question_++);
  question->event = std::make_shared<const scheduler::Event>(std::move(event));
  question->then = std::move(then);
  question->refused = std::move(refused);
  ++open_questions_;
  Send(question);
}

void Person::Send(const std::shared_ptr<Question>& question) {
  if (question->answered) return;
  world_.Carry("question", question->method, [this, question] {
    coordinator_.Receive(question->event, question->key, [this, question](const auto& reply) {
      world_.Carry("answer", question->method,
                   [this, question, status = reply->status()] { Hear(*question, status); });
    });
  });
  world_.After(kPatience, [this, question] { Send(question); });
}

void Person::Hear(Question& question, const absl::Status& status) {
  if (IsTransient(status) || std::exchange(question.answered, true)) return;
  --open_questions_;
  if (status.ok()) return question.then();
  // A worker that is gone, a job that has gone on meanwhile.
  if (absl::IsFailedPrecondition(status) || absl::IsNotFound(status)) return question.refused();
  judge_.Complain(absl::StrCat(question.key, ": ", status.ToString()));
}

void Person::Submit(const v1::SweepSpec& spec, bool extend, std::function<void()> then) {
  scheduler::Submit submit;
  *submit.request.mutable_spec() = spec;
  submit.request.set_extend(extend);
  Ask("SubmitSweep", std::move(submit), std::move(then));
}

void Person::Replace(const std::string& name, const v1::SweepSpec& spec) {
  ++replacements_;
  world_.After(world_.Between(absl::Seconds(1), kLatestReplacement), [this, name, spec] {
    const auto submit = [this, spec] { Submit(spec, false, [this] { --replacements_; }); };
    const auto resubmit = [this, submit] {
      world_.Count("sweep deleted");
      world_.After(world_.Between(absl::ZeroDuration(), kLatestReplacement), submit);
    };
    // Somebody had its jobs done again meanwhile.
    Ask("DeleteSweep", scheduler::DeleteSweep{name}, resubmit, [this] { --replacements_; });
  });
}

// While faults last, people do what they do.
void Person::Fuss() {
  world_.After(world_.Between(kShortestRest, kLongestRest), [this] {
    if (!world_.has_faults()) return;
    const char* sweep = world_.Toss(0.5) ? kFirst : kUrgent;
    switch (world_.Below(6)) {
      case 0:
        world_.Count("sweep paused");
        Ask("PauseSweep", scheduler::PauseSweep{sweep});
        break;
      case 1:
      case 2:
        Ask("ResumeSweep", scheduler::ResumeSweep{kFirst});
        Ask("ResumeSweep", scheduler::ResumeSweep{kUrgent});
        break;
      case 3:
        if (seed_ % kSeedsToOneReseeded == 0) {
          Reseed();
        } else {
          Retry();
        }
        break;
      case 4:
        Ask("DrainWorker", scheduler::DrainWorker{absl::StrCat("workers/w", world_.Below(20))});
        break;
      default:
        world_.Count("sweep submitted again");
        if (HasEnded(kUrgent) && replacements_ == 0 && world_.Toss(kReplaces)) {
          Replace(kUrgent, UrgentSweep());
        } else {
          Submit(UrgentSweep(), false);
        }
    }
    Fuss();
  });
}

bool Person::HasEnded(const std::string& sweep) const {
  const auto found = coordinator_.records().sweeps.find(sweep);
  return found != coordinator_.records().sweeps.end() &&
         found->second.state() == v1::SWEEP_STATE_SUCCEEDED;
}

std::vector<std::string> Person::Failures() const {
  std::vector<std::string> failures;
  for (const auto& [name, job] : coordinator_.records().jobs) {
    if (IsFailure(job.state()) && !IsPoison(seed_, name)) failures.push_back(name);
  }
  return failures;
}

void Person::Retry() {
  const std::vector<std::string> failures = Failures();
  if (failures.empty()) return;
  scheduler::RetryJobs retry;
  for (const std::string& job : failures) {
    const std::string sweep = job.substr(0, job.find("/jobs/"));
    if (coordinator_.records().sweeps.at(sweep).state() == v1::SWEEP_STATE_CANCELLED) continue;
    retry.jobs.push_back(job);
  }
  if (retry.jobs.empty()) return;
  world_.Count("jobs retried");
  Ask("RetryJobs", std::move(retry));
}

void Person::Reseed() {
  const Records& records = coordinator_.records();
  scheduler::RetryJobs retry;
  retry.reseed = true;
  for (const auto& [name, job] : records.jobs) {
    if (job.kind() != v1::JOB_KIND_TRAIN || IsPoison(seed_, name)) continue;
    if (job.state() != v1::JOB_STATE_DIVERGED && !IsFailure(job.state())) continue;
    const std::string sweep = name.substr(0, name.find("/jobs/"));
    if (records.sweeps.at(sweep).state() == v1::SWEEP_STATE_CANCELLED) continue;
    if (retry.jobs.size() < kMostReseeded && world_.Toss(0.5)) retry.jobs.push_back(name);
  }
  if (retry.jobs.empty()) return;
  world_.Count("networks reseeded");
  Ask("RetryJobs", std::move(retry));
}

bool Person::Tidy() {
  if (open_questions_ > 0) return false;
  bool all_ended = extended_ && replacements_ == 0;
  for (const auto& [name, sweep] : coordinator_.records().sweeps) {
    if (sweep.state() == v1::SWEEP_STATE_PAUSED) Ask("ResumeSweep", scheduler::ResumeSweep{name});
    all_ended = all_ended && sweep.state() != v1::SWEEP_STATE_RUNNING;
  }
  Retry();
  return all_ended && open_questions_ == 0;
}

}  // namespace rnnfarm::simulator
