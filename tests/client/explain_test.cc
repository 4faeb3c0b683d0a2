// `explain` and `jobs show` on a sweep that was really searched and trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/build_info.h"
#include "client/command.h"
#include "coordinator/service/server.h"
#include "tests/client/called.h"
#include "worker/runtime/worker.h"

namespace rnnfarm::client {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kSweep[] = R"(name: "searched"
task { name: "flipflop" flip_flop { bits: 2 steps: 20 } }
grid { architecture: ["vanilla"] activation: ["tanh"] units: [8] l2: [1e-5, 1e-4] }
seeds { count: 1 }
search { trials_per_config: 4 rungs: 2 learnt_below: 0 }
hyperparameters { l2: 1e-4 learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 clip_norm: 1 }
training { iterations: 60 batch_size: 8 validation_trials: 16 log_every: 20 keep_untrained: true }
analysis { metric { svcca {} } fixed_points { starts: 32 rounds: 1 } }
)";
constexpr char kNetwork[] = "searched/flipflop-vanilla-tanh-8-l2_1e-05-s0";
constexpr char kTrainJob[] = "sweeps/searched/jobs/train-flipflop-vanilla-tanh-8-l2_1e-05-s0";
// More than the client asks for at once.
constexpr int kAddedEvents = kPageSize + 100;

void AddEvents(const std::string& store_path) {
  store::Options options;
  options.path = store_path;
  auto store = store::Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  store::Batch batch;
  store::Store::Visitor visitor;
  visitor.sweep = [](const v1::Sweep&) {};
  visitor.configuration = [](const v1::Configuration&) {};
  visitor.network = [](const v1::Network&) {};
  visitor.job = [&batch](v1::Job job) {
    if (job.name() == kTrainJob) batch.jobs.push_back(std::move(job));
  };
  ASSERT_TRUE((*store)->Load(visitor).ok());
  ASSERT_EQ(batch.jobs.size(), 1);
  v1::Job& job = batch.jobs[0];
  for (int i = 0; i < kAddedEvents; ++i) {
    v1::JobEvent event;
    event.mutable_time()->set_seconds(1'700'000'000 + i);
    event.set_kind(v1::JOB_EVENT_KIND_LOST);
    event.set_attempt(3);
    event.set_worker("workers/of-old");
    event.set_text(absl::StrCat("told as number ", i));
    batch.events.push_back({kTrainJob, job.event_count() + i, event});
  }
  job.set_event_count(job.event_count() + kAddedEvents);
  ASSERT_TRUE((*store)->Commit({batch}).ok());
}

class ExplainTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    worker::UseOneThreadPerNetwork();
    std::string pattern = ::testing::TempDir() + "client-explain-XXXXXX";
    folder_ = new std::string(mkdtemp(pattern.data()));
    ASSERT_TRUE(base::WriteFile(At("sweep.textproto"), kSweep).ok());
    const Result run = Call({"run", At("sweep.textproto"), "--out", At("run"), "--threads", "2"});
    ASSERT_EQ(run.code, kOk) << run.err;
    AddEvents(At("run/.farm"));
    service::CoordinatorServer::Options options;
    options.listen = "127.0.0.1:0";
    options.store.path = At("run/.farm");
    auto server = service::CoordinatorServer::Start(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = server->release();
  }
  static void TearDownTestSuite() {
    delete server_;
    std::filesystem::remove_all(*folder_);
  }

  static std::string At(const std::string& path) { return *folder_ + "/" + path; }
  static Result OnFarm(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--coordinator", server_->address()});
    return Call(arguments);
  }
  // Runs Python statements on `told`, the JSON that the command printed.
  static bool Holds(const std::vector<std::string>& command, const std::string& statements) {
    const Result result = OnFarm(command);
    EXPECT_EQ(result.code, kOk) << result.err;
    EXPECT_TRUE(base::WriteFile(At("told.json"), result.out).ok());
    const std::string python =
        absl::StrCat("cd ", At("run"), " && /usr/bin/python3 -c \"\nimport json\n",
                     "told = json.load(open('../told.json'))\n", statements, "\"");
    return std::system(python.c_str()) == 0;
  }

  static std::string* folder_;
  static service::CoordinatorServer* server_;
};

std::string* ExplainTest::folder_ = nullptr;
service::CoordinatorServer* ExplainTest::server_ = nullptr;

TEST_F(ExplainTest, TellsWhereANetworkComesFrom) {
  const Result told = OnFarm({"explain", kNetwork});
  EXPECT_EQ(told.code, kOk) << told.err;
  EXPECT_THAT(told.out,
              AllOf(HasSubstr("analyzed, compared with the others"),
                    ContainsRegex("from +draw [0-3] of 4, validation loss [0-9.e-]+ after 60 "),
                    HasSubstr("flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz  "),
                    HasSubstr("The search's jobs, all draws\n"), HasSubstr(kTrainJob),
                    HasSubstr(base::BuildText()), HasSubstr("told as number 0\n"),
                    HasSubstr(absl::StrCat("told as number ", kAddedEvents - 1, "\n"))));
  EXPECT_EQ(OnFarm({"networks", "explain", kNetwork}).out, told.out);
}

TEST_F(ExplainTest, ItsJsonAgreesWithTheFiles) {
  const char* statements = R"(
import hashlib
assert told['network']['key'] == 'flipflop-vanilla-tanh-8-l2_1e-05-s0', told['network']
assert told['configuration']['key'] == told['network']['configuration']
draw = told['configuration']['chosen_draw']
assert told['hyperparameters_from'].startswith(f'draw {draw} of 4, '), told['hyperparameters_from']
chosen = [t for t in told['configuration']['trials'] if t.get('draw', 0) == draw][0]
assert chosen['hyperparameters'] == told['network']['hyperparameters']
assert {job.get('draw', 0) for job in told['search']} == {0, 1, 2, 3}, told['search']
kinds = [job['kind'].removeprefix('JOB_KIND_').lower() for job in told['jobs']]
assert sorted(set(kinds)) == ['analyze', 'search', 'train'], kinds
assert all(job.get('draw', 0) == draw for job in told['jobs'] if job['kind'] == 'JOB_KIND_SEARCH')
assert all(job['attempts'][-1]['worker'] and job['attempts'][-1]['build'] for job in told['jobs'])
train = told['jobs'][kinds.index('train')]
assert len(train['events']) == int(train['event_count']) >= 1100, len(train['events'])
assert {f['role'] for f in told['files']} >= {'network', 'states', 'fixed_points'}, told['files']
for f in told['files']:
    if f['path']: assert hashlib.sha256(open(f['path'], 'rb').read()).hexdigest() == f['digest'], f
)";
  EXPECT_TRUE(Holds({"explain", kNetwork, "-o", "json"}, statements));
  EXPECT_TRUE(Holds({"explain", kNetwork, "-o", "jsonl"}, statements));
  const Result line = OnFarm({"explain", kNetwork, "-o", "jsonl"});
  EXPECT_EQ(line.out.find('\n'), line.out.size() - 1);
}

TEST_F(ExplainTest, KnowsHyperparametersThatNeededNoSearch) {
  EXPECT_THAT(OnFarm({"explain", "searched/flipflop-vanilla-tanh-8-l2_0.0001-s0"}).out,
              AllOf(HasSubstr("known beforehand, from the sweep's file"),
                    Not(HasSubstr("The search's jobs"))));
  EXPECT_THAT(OnFarm({"explain", absl::StrCat(kNetwork, "-untrained")}).out,
              HasSubstr("none: it is the control that is not trained"));
}

TEST_F(ExplainTest, UnknownNetworksAreThreeAndNearestIsNamed) {
  const Result told = OnFarm({"explain", absl::StrCat(kNetwork, "1")});
  EXPECT_EQ(told.code, kNotFound);
  EXPECT_THAT(told.err, HasSubstr("flipflop-vanilla-tanh-8-l2_1e-05-s0"));
}

TEST_F(ExplainTest, AJobsStoryIsTold) {
  const Result told = OnFarm({"jobs", "show", kTrainJob});
  EXPECT_EQ(told.code, kOk) << told.err;
  EXPECT_THAT(
      told.out,
      AllOf(HasSubstr("state     succeeded"), HasSubstr("ATTEMPT  WORKER"), HasSubstr("TIME"),
            ContainsRegex("2023-11-14T22:13:20Z  lost +3  of-old +told as number 0\n"),
            HasSubstr(absl::StrCat("told as number ", kAddedEvents - 1, "\n"))));
  EXPECT_TRUE(Holds({"jobs", "show", kTrainJob, "-o", "json"}, R"(
assert told['name'].endswith('train-flipflop-vanilla-tanh-8-l2_1e-05-s0') and told['attempts'], told
texts = [event['text'] for event in told['events']]
assert texts[-1100:] == [f'told as number {i}' for i in range(1100)], texts[-1100:]
assert told['events'][-1]['kind'] == 'JOB_EVENT_KIND_LOST' and told['events'][-1]['attempt'] == '3'
)"));
}

}  // namespace
}  // namespace rnnfarm::client
