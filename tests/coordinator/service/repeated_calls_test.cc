// Every mutating call, three ways: its request lost, its response lost, and sent twice at once;
// with and without a restart of the coordinator before it is sent again. The answer is the first
// one, and the effect is there once.
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "base/digest.h"
#include "tests/coordinator/service/lossy_line.h"
#include "tests/coordinator/service/served_farm.h"

namespace rnnfarm::service {
namespace {

using Farm = v1::FarmService::Stub;
using Line = std::shared_ptr<grpc::Channel>;

constexpr char kSweep[] = "sweeps/tiny";
constexpr char kBytes[] = "an artifact that is sent again and again";

// One mutating method: how a sweep comes into the state for it, the call itself with a fixed
// request_id, what can be seen of its effect, and how others undo it meanwhile.
struct Method {
  std::string name;
  std::function<void(ServedFarm&)> prepare;
  std::function<absl::Status(const Line&, std::string* answer)> call;
  std::function<std::string(ServedFarm&)> effect;
  // Empty where nothing undoes it. A repeated call must leave this as it is.
  std::function<void(ServedFarm&)> undo;
};

void PrintTo(const Method& method, std::ostream* out) { *out << method.name; }

template <typename Request, typename Response>
using Unary = grpc::Status (Farm::*)(grpc::ClientContext*, const Request&, Response*);

// A call about the sweep (or the worker) `name`.
template <typename Request, typename Response>
std::function<absl::Status(const Line&, std::string*)> CallOf(Unary<Request, Response> method,
                                                              Request request) {
  request.set_request_id("the-same-again");
  return [method, request](const Line& line, std::string* answer) {
    grpc::ClientContext context;
    Response response;
    Farm stub(line);
    const grpc::Status status = (stub.*method)(&context, request, &response);
    *answer = response.SerializeAsString();
    return base::FromGrpc(status);
  };
}

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

void Submit(ServedFarm& farm) {
  v1::SweepSpec spec = TinySweep();
  spec.mutable_limits()->set_max_attempts(1);
  farm.MustSubmit(spec);
}

std::string StateOf(ServedFarm& farm) { return v1::SweepState_Name(farm.GetSweep(kSweep).state()); }

void Pause(ServedFarm& farm) {
  v1::PauseSweepResponse response;
  EXPECT_TRUE(farm.Call(&Farm::PauseSweep, Named<v1::PauseSweepRequest>(kSweep), &response).ok());
}

void Resume(ServedFarm& farm) {
  v1::ResumeSweepResponse response;
  EXPECT_TRUE(farm.Call(&Farm::ResumeSweep, Named<v1::ResumeSweepRequest>(kSweep), &response).ok());
}

// A worker takes both jobs of the sweep and fails them.
void FailJobs(ServedFarm& farm) {
  FakeWorker worker(farm, "clumsy");
  for (size_t failed = 0; failed < 2;) {
    for (const v1::Lease& lease : worker.MustLease(2)) {
      v1::JobReport report;
      report.set_job(lease.job());
      report.set_attempt(lease.attempt());
      report.mutable_error()->set_message("slipped");
      EXPECT_TRUE(worker.Report(report).accepted());
      ++failed;
    }
  }
}

std::string StatesOfJobs(ServedFarm& farm) {
  v1::ListJobsRequest request;
  request.set_parent(kSweep);
  request.set_filter("kind=train");
  v1::ListJobsResponse response;
  EXPECT_TRUE(farm.Call(&Farm::ListJobs, request, &response).ok());
  std::string states;
  for (const v1::Job& job : response.jobs()) states += v1::JobState_Name(job.state()) + " ";
  return states;
}

Method SubmitMethod() {
  v1::SubmitSweepRequest request;
  *request.mutable_spec() = TinySweep();
  return {"SubmitSweep", [](ServedFarm&) {}, CallOf(&Farm::SubmitSweep, request),
          [](ServedFarm& farm) {
            v1::ListSweepsResponse response;
            EXPECT_TRUE(farm.Call(&Farm::ListSweeps, v1::ListSweepsRequest(), &response).ok());
            return std::to_string(response.total_size());
          },
          nullptr};
}

// Every sweep and its state.
std::string Sweeps(ServedFarm& farm) {
  v1::ListSweepsResponse response;
  EXPECT_TRUE(farm.Call(&Farm::ListSweeps, v1::ListSweepsRequest(), &response).ok());
  std::string sweeps;
  for (const v1::Sweep& sweep : response.sweeps()) {
    sweeps += sweep.name() + " " + v1::SweepState_Name(sweep.state()) + " ";
  }
  return sweeps;
}

void Cancel(ServedFarm& farm) {
  v1::CancelSweepResponse response;
  EXPECT_TRUE(farm.Call(&Farm::CancelSweep, Named<v1::CancelSweepRequest>(kSweep), &response).ok());
}

// What undoes it has ended too: a repeated call that was done again would find it.
Method DeleteMethod() {
  const auto prepare = [](ServedFarm& farm) {
    Submit(farm);
    Cancel(farm);
  };
  return {"DeleteSweep", prepare, CallOf(&Farm::DeleteSweep, Named<v1::DeleteSweepRequest>(kSweep)),
          Sweeps, prepare};
}

Method RetryMethod() {
  v1::RetryJobsRequest request;
  request.set_parent(kSweep);
  return {"RetryJobs",
          [](ServedFarm& farm) {
            Submit(farm);
            FailJobs(farm);
          },
          CallOf(&Farm::RetryJobs, request), StatesOfJobs, FailJobs};
}

Method DrainMethod() {
  return {"DrainWorker",
          [](ServedFarm& farm) {
            FakeWorker worker(farm, "w");
            worker.MustSync(worker.Request(0));
          },
          CallOf(&Farm::DrainWorker, Named<v1::DrainWorkerRequest>("workers/w")),
          [](ServedFarm& farm) {
            FakeWorker worker(farm, "w");
            return std::string(worker.MustSync(worker.Request(0)).drain() ? "drained" : "works");
          },
          nullptr};
}

absl::Status Upload(const Line& line, std::string* answer) {
  grpc::ClientContext context;
  v1::UploadArtifactResponse response;
  auto writer = v1::ArtifactService::NewStub(line)->UploadArtifact(&context, &response);
  v1::UploadArtifactRequest request;
  request.set_digest(base::DigestOf(kBytes));
  request.set_size_bytes(sizeof(kBytes) - 1);
  request.set_data(kBytes);
  writer->Write(request);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  *answer = response.artifact().SerializeAsString();
  return base::FromGrpc(status);
}

Method UploadMethod() {
  return {"UploadArtifact", [](ServedFarm&) {}, Upload,
          [](ServedFarm& farm) { return farm.Download(base::DigestOf(kBytes)).value_or("absent"); },
          nullptr};
}

std::vector<Method> Methods() {
  return {SubmitMethod(),
          {"CancelSweep", Submit, CallOf(&Farm::CancelSweep, Named<v1::CancelSweepRequest>(kSweep)),
           StateOf, nullptr},
          {"PauseSweep", Submit, CallOf(&Farm::PauseSweep, Named<v1::PauseSweepRequest>(kSweep)),
           StateOf, Resume},
          {"ResumeSweep",
           [](ServedFarm& farm) {
             Submit(farm);
             Pause(farm);
           },
           CallOf(&Farm::ResumeSweep, Named<v1::ResumeSweepRequest>(kSweep)), StateOf, Pause},
          RetryMethod(),
          DeleteMethod(),
          DrainMethod(),
          UploadMethod()};
}

class RepeatedCalls : public ::testing::TestWithParam<std::tuple<Method, bool>> {
 protected:
  RepeatedCalls() { method().prepare(farm_); }

  const Method& method() const { return std::get<0>(GetParam()); }
  std::string Effect() { return method().effect(farm_); }
  void PerhapsRestart() {
    if (!std::get<1>(GetParam())) return;
    farm_.Shutdown();
    farm_.Start();
  }
  // The same request on a line that loses nothing.
  std::string MustCall() {
    std::string answer;
    const absl::Status status =
        method().call(LossyLine(farm_.server->address()).channel(), &answer);
    EXPECT_TRUE(status.ok()) << status;
    return answer;
  }

  ServedFarm farm_;
};

TEST_P(RepeatedCalls, WhenTheRequestWasLost) {
  const std::string before = Effect();
  LossyLine line(farm_.server->address());
  line.LoseNext(Loss::kRequest);
  std::string answer;
  EXPECT_TRUE(absl::IsUnavailable(method().call(line.channel(), &answer)));
  EXPECT_EQ(Effect(), before);
  PerhapsRestart();
  EXPECT_EQ(Effect(), before);
  MustCall();
  EXPECT_NE(Effect(), before);
}

TEST_P(RepeatedCalls, WhenTheResponseWasLost) {
  const std::string before = Effect();
  LossyLine line(farm_.server->address());
  line.LoseNext(Loss::kResponse);
  std::string first;
  EXPECT_TRUE(absl::IsUnavailable(method().call(line.channel(), &first)));
  const std::string done = Effect();
  EXPECT_NE(done, before);
  if (method().undo) method().undo(farm_);
  const std::string meanwhile = Effect();
  PerhapsRestart();
  EXPECT_EQ(MustCall(), first);
  EXPECT_EQ(Effect(), meanwhile) << "it was done again";
}

TEST_P(RepeatedCalls, WhenTheRequestIsThereTwice) {
  std::string answers[2];
  std::thread threads[2];
  for (int i = 0; i < 2; ++i) {
    threads[i] = std::thread([this, &answers, i] { answers[i] = MustCall(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answers[0], answers[1]);
  const std::string done = Effect();
  PerhapsRestart();
  EXPECT_EQ(MustCall(), answers[0]);
  EXPECT_EQ(Effect(), done);
}

// What a call needed the first time may be gone when it is repeated.
TEST(RepeatedCall, IsAnsweredThoughItsWorkerIsGone) {
  ServedFarm farm;
  FakeWorker worker(farm, "w");
  worker.MustSync(worker.Request(0));
  v1::DrainWorkerRequest drain = Named<v1::DrainWorkerRequest>("workers/w");
  drain.set_request_id("the-same-again");
  v1::DrainWorkerResponse first, again;
  ASSERT_TRUE(farm.Call(&Farm::DrainWorker, drain, &first).ok());
  v1::SyncRequest leaves = worker.Request(0);
  leaves.set_draining(true);
  worker.MustSync(leaves);
  farm.Shutdown();
  farm.Start();
  const absl::Status status = farm.Call(&Farm::DrainWorker, drain, &again);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  drain.set_request_id("another");
  EXPECT_TRUE(absl::IsNotFound(farm.Call(&Farm::DrainWorker, drain, &again)));
}

TEST(RepeatedCall, IsAnsweredThoughItsSweepIsGone) {
  ServedFarm farm;
  Submit(farm);
  v1::CancelSweepRequest cancel = Named<v1::CancelSweepRequest>(kSweep);
  cancel.set_request_id("the-same-again");
  v1::CancelSweepResponse first, again;
  ASSERT_TRUE(farm.Call(&Farm::CancelSweep, cancel, &first).ok());
  v1::DeleteSweepResponse deleted;
  ASSERT_TRUE(farm.Call(&Farm::DeleteSweep, Named<v1::DeleteSweepRequest>(kSweep), &deleted).ok());
  const absl::Status status = farm.Call(&Farm::CancelSweep, cancel, &again);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  cancel.set_request_id("another");
  EXPECT_TRUE(absl::IsNotFound(farm.Call(&Farm::CancelSweep, cancel, &again)));
}

TEST(RepeatedCall, IsAnsweredThoughTheDiskHasNoRoomForAnotherSweep) {
  ServedFarm farm;
  v1::SubmitSweepRequest submit;
  *submit.mutable_spec() = TinySweep();
  submit.set_request_id("the-same-again");
  v1::SubmitSweepResponse first, again;
  ASSERT_TRUE(farm.Call(&Farm::SubmitSweep, submit, &first).ok());
  farm.Shutdown();
  farm.options.store.free_space_floor_bytes = int64_t{1} << 60;
  farm.Start();
  const absl::Status status = farm.Call(&Farm::SubmitSweep, submit, &again);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  submit.set_request_id("another");
  EXPECT_TRUE(absl::IsResourceExhausted(farm.Call(&Farm::SubmitSweep, submit, &again)));
}

INSTANTIATE_TEST_SUITE_P(All, RepeatedCalls,
                         ::testing::Combine(::testing::ValuesIn(Methods()), ::testing::Bool()),
                         [](const ::testing::TestParamInfo<RepeatedCalls::ParamType>& info) {
                           return std::get<0>(info.param).name +
                                  (std::get<1>(info.param) ? "AndARestart" : "");
                         });

}  // namespace
}  // namespace rnnfarm::service
