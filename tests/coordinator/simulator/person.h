// The people of a simulated farm: they submit, extend, cancel, pause, resume, drain, retry and
// delete, ask again under the same request id until they are answered, and in the end tidy up until
// all has ended that can. Not thread-safe.
#ifndef RNNFARM_TESTS_COORDINATOR_SIMULATOR_PERSON_H_
#define RNNFARM_TESTS_COORDINATOR_SIMULATOR_PERSON_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/coordinator/simulator/coordinator.h"
#include "tests/coordinator/simulator/judge.h"
#include "tests/coordinator/simulator/world.h"

namespace rnnfarm::simulator {

class Person {
 public:
  Person(World& world, Coordinator& coordinator, Judge& judge, uint64_t seed);

  // Once faults have ended: resumes what is paused and retries what failed. True when nothing is
  // left to do and every sweep has ended.
  bool Tidy();

 private:
  struct Question {
    std::string method, key;
    Coordinator::Question event;
    std::function<void()> then;     // when it was answered with OK
    std::function<void()> refused;  // when the state of things did not allow it any more
    bool answered = false;
  };
  void Ask(
      const std::string& method, scheduler::Event event, std::function<void()> then = [] {},
      std::function<void()> refused = [] {});
  void Send(const std::shared_ptr<Question>& question);
  void Hear(Question& question, const absl::Status& status);
  void Submit(
      const v1::SweepSpec& spec, bool extend, std::function<void()> then = [] {});
  // Deletes a sweep that has ended, and submits it again a while later: its jobs have the same
  // names, and workers may still have those of before.
  void Replace(const std::string& name, const v1::SweepSpec& spec);
  void Fuss();
  void Retry();
  // Gives some trainings that diverged or failed another seed.
  void Reseed();
  bool HasEnded(const std::string& sweep) const;
  // Failed, quarantined or held, and not for good.
  std::vector<std::string> Failures() const;

  World& world_;
  Coordinator& coordinator_;
  Judge& judge_;
  const uint64_t seed_;
  int64_t next_question_ = 0;
  int64_t open_questions_ = 0;
  int64_t replacements_ = 0;  // under way
  bool extended_ = false;
};

}  // namespace rnnfarm::simulator

#endif  // RNNFARM_TESTS_COORDINATOR_SIMULATOR_PERSON_H_
