// The commands against a real coordinator, on a sweep that was really trained.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/array_file.h"
#include "client/command.h"
#include "client/pull.h"
#include "tests/client/trained_farm.h"

namespace rnnfarm::client {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(FarmTest, RunLeavesResultsAndReport) {
  EXPECT_EQ(first_run_->code, kOk) << first_run_->err;
  EXPECT_EQ(first_run_->out, At("run/report.html") + "\n");
  EXPECT_THAT(first_run_->err, HasSubstr("tiny succeeded 100.0%"));
  EXPECT_THAT(first_run_->err, Not(HasSubstr("\r")));
  EXPECT_THAT(first_run_->err, Not(HasSubstr("\033")));
  EXPECT_THAT(Read("run/report.html"), HasSubstr("<html"));
  EXPECT_THAT(
      Read("run/networks.csv"),
      StartsWith("key,task,architecture,activation,units,l2,seed,reseeds,untrained,imported,state,"
                 "iterations,train_loss,validation_loss,diverged_at,last_finite_loss,"
                 "learning_rate,lr_decay,momentum,"
                 "clip_norm,fixed_points,index_sum,certified,verdict,starts,converged,"
                 "rejected,estimated_unseen,largest_q,included,excluded_reason\n"
                 "flipflop-vanilla-tanh-8-l2_1e-05-s0,flipflop,vanilla,tanh,8,1e-05,0,0,"
                 "false,false,analyzed,60,"));
}

TEST_F(FarmTest, RunSaysWhatDiffersFromWhatItsFolderHolds) {
  const auto run = [](const std::string& set) {
    return Call({"run", At("tiny.textproto"), "--out", At("again"), "--set", "seeds.count=1",
                 "--set", set});
  };
  ASSERT_EQ(run("training.iterations=40").code, kOk);
  const Result other = run("training.iterations=30");
  EXPECT_EQ(other.code, kFailed);
  EXPECT_THAT(other.err, HasSubstr(At("again") + " holds this sweep by another specification "
                                                 "(modified: training.iterations: 40 -> 30); give "
                                                 "another folder with --out\n"));
  const Result larger = Call({"run", At("tiny.textproto"), "--out", At("again"), "--set",
                              "seeds.count=2", "--set", "training.iterations=40"});
  EXPECT_EQ(larger.code, kFailed);
  EXPECT_THAT(larger.err, HasSubstr("seeds.count: 1 -> 2); give another folder with --out, or add "
                                    "to this one with --extend\n"));
}

TEST_F(FarmTest, NumpyOpensTheFilesAndTheManifestIsRight) {
  const std::string command = "cd " + At("run") + R"( && /usr/bin/python3 -c "
import csv, hashlib, json, numpy as np, os
manifest = json.load(open('manifest.json'))
assert manifest['sweep'] == 'tiny' and len(manifest['spec_digest']) == 64
paths = {f['path'] for f in manifest['files']}
assert {'networks.csv', 'sweep.textproto', 'flipflop/distances/svcca.npy'} <= paths, paths
for f in manifest['files']:
    data = open(f['path'], 'rb').read()
    assert len(data) == f['size_bytes'] and hashlib.sha256(data).hexdigest() == f['sha256']
    if f['path'].endswith(('.npy', '.npz')): np.load(f['path'], allow_pickle=False)
rows = list(csv.DictReader(open('networks.csv', newline='')))
assert len(rows) == 3
for row in rows:
    assert int(row['starts']) >= int(row['converged']) > 0 and float(row['largest_q']) < 1e-20, row
")";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(FarmTest, ASearchLeavesEveryDrawAndItsCurve) {
  std::string searched = kTinySweep;
  searched.replace(searched.find("hyperparameters"),
                   std::string("hyperparameters { learning_rate: 0.1 lr_decay: 0.5 momentum: 0.9 "
                               "clip_norm: 1 }")
                       .size(),
                   "search { trials_per_config: 4 rungs: 2 learnt_below: 0 }");
  ASSERT_TRUE(base::WriteFile(At("searched.textproto"), searched).ok());
  const Result run = Call({"run", At("searched.textproto"), "--out", At("searched"), "--engine",
                           "cpu", "--memory", "64MiB"});
  ASSERT_EQ(run.code, kOk) << run.err;
  const std::string command = "cd " + At("searched") + R"( && /usr/bin/python3 -c "
import csv, json, numpy as np
draws = list(csv.DictReader(open('search.csv', newline='')))
assert [d['draw'] for d in draws] == ['0', '1', '2', '3'], draws
assert sum(d['chosen'] == 'true' for d in draws) == 1, draws
assert 'search.csv' in {f['path'] for f in json.load(open('manifest.json'))['files']}
for d in draws:
    assert float(d['zero_output_mse']) == 1, d
    curve = np.load(d['curve'], allow_pickle=False)
    assert curve.shape[1] == 3 and curve[0, 0] == 0, curve
    assert curve[-1, 0] == int(d['iterations']) // 20 * 20, (curve, d)
best = min((d for d in draws if d['rung'] == '1'), key=lambda d: float(d['validation_loss']))
assert best['chosen'] == 'true', draws
")";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(FarmTest, RunRefusesWhatItCannotTrainWith) {
  const Result memory =
      Call({"run", At("tiny.textproto"), "--out", At("refused"), "--memory", "a lot"});
  EXPECT_EQ(memory.code, kUsage);
  EXPECT_THAT(memory.err, HasSubstr("write for example 4GiB"));
  const Result device = Call({"run", At("tiny.textproto"), "--out", At("refused"), "--set",
                              "training.precision=tf32", "--set", "scheduling.device=cuda"});
  EXPECT_EQ(device.code, kFailed);
  EXPECT_THAT(device.err, HasSubstr("the sweep's scheduling.device is \"cuda\", which this worker "
                                    "with the engine cpu does not have; give --engine=cuda"));
  EXPECT_EQ(Call({"run", At("tiny.textproto"), "--out", At("refused"), "--engine", "steam"}).code,
            kUsage);
  EXPECT_FALSE(fs::exists(At("refused")));
}

TEST_F(FarmTest, RefusesTheFolderOfAnotherSweep) {
  std::string other = kTinySweep;
  other.replace(other.find("tiny"), 4, "else");
  ASSERT_TRUE(base::WriteFile(At("else.textproto"), other).ok());
  const Result result = Call({"run", At("else.textproto"), "--out", At("run")});
  EXPECT_EQ(result.code, kFailed);
  EXPECT_THAT(result.err, HasSubstr("holds the results of the sweep \"tiny\""));
}

TEST_F(FarmTest, ListsInEveryFormat) {
  EXPECT_THAT(OnFarm({"sweep", "list"}).out, HasSubstr("tiny  succeeded"));
  EXPECT_EQ(OnFarm({"sweep", "list", "-o", "name"}).out, "tiny\n");
  EXPECT_THAT(OnFarm({"sweep", "show", "tiny", "-o", "json"}).out,
              HasSubstr("\"state\": \"SWEEP_STATE_SUCCEEDED\""));
  EXPECT_THAT(OnFarm({"sweep", "show", "tiny"}).out, HasSubstr("flipflop  train"));
  const Result jobs =
      OnFarm({"jobs", "list", "tiny", "--where", "kind=train", "--limit", "2", "-o", "name"});
  EXPECT_EQ(std::count(jobs.out.begin(), jobs.out.end(), '\n'), 2) << jobs.err;
  EXPECT_THAT(jobs.err, HasSubstr("2 of 3 shown"));
  const std::string job = jobs.out.substr(0, jobs.out.find('\n'));
  EXPECT_THAT(OnFarm({"jobs", "show", job}).out, HasSubstr("state     succeeded"));
  const Result networks = OnFarm({"networks", "list", "tiny", "--sort", "-seed", "-o", "name"});
  EXPECT_THAT(networks.out, StartsWith("flipflop-vanilla-tanh-8-l2_1e-05-s2\n")) << networks.err;
  EXPECT_THAT(OnFarm({"networks", "show", "tiny/flipflop-vanilla-tanh-8-l2_1e-05-s0"}).out,
              HasSubstr("analyzed"));
  EXPECT_EQ(OnFarm({"workers", "list"}).code, kOk);
  EXPECT_EQ(OnFarm({"version", "--server"}).code, kOk);
  EXPECT_EQ(OnFarm({"sweep", "draws", "tiny", "-o", "name"}).out, "") << "it needed no search";
}

TEST_F(FarmTest, WhatIsNotThereIsThree) {
  EXPECT_EQ(OnFarm({"sweep", "show", "none"}).code, kNotFound);
  EXPECT_EQ(OnFarm({"watch", "none"}).code, kNotFound);
  EXPECT_EQ(OnFarm({"pull", "none", At("none")}).code, kNotFound);
  EXPECT_EQ(OnFarm({"jobs", "show", "tiny/none"}).code, kNotFound);
  EXPECT_EQ(OnFarm({"networks", "show", "tiny/none"}).code, kNotFound);
  EXPECT_EQ(OnFarm({"workers", "drain", "none"}).code, kNotFound);
  EXPECT_FALSE(fs::exists(At("none")));
  EXPECT_EQ(OnFarm({"jobs", "list", "tiny", "--where", "unitz>1"}).code, kUsage);
}

TEST_F(FarmTest, WatchEndsWithTheSweep) {
  const Result result = OnFarm({"watch", "tiny", "--exit-status"});
  EXPECT_EQ(result.code, kOk);
  EXPECT_THAT(result.out, HasSubstr("tiny succeeded 100.0%"));
  EXPECT_EQ(OnFarm({"retry", "tiny", "--failed", "--dry-run"}).out, "");
}

TEST_F(FarmTest, ReportsFromTheFarmAndFromAFolder) {
  EXPECT_EQ(OnFarm({"report", "tiny", "--out", At("farm.html")}).code, kOk);
  EXPECT_EQ(Call({"report", At("run"), "--out", At("folder.html")}).code, kOk);
  EXPECT_THAT(Read("farm.html"), HasSubstr("<html"));
  const Result drawn =
      OnFarm({"report", "tiny", "--out", At("more.html"), "--figures", At("figures")});
  EXPECT_EQ(drawn.code, kOk) << drawn.err;
  EXPECT_THAT(drawn.err, HasSubstr("the distances in full are in " + At("figures")));
  EXPECT_EQ(Read("figures/flipflop-svcca.png"), Read("run/figures/flipflop-svcca.png"));
  EXPECT_THAT(Read("figures/flipflop-svcca.png"), StartsWith("\x89PNG"));
  EXPECT_EQ(Call({"report", At("run"), "--out", At("r.html"), "--figures", At("r.html/x")}).code,
            kFailed);
  EXPECT_EQ(OnFarm({"report", "none", "--out", At("none.html")}).code, kNotFound);
}

TEST_F(FarmTest, FixedPointsOfAPulledNetwork) {
  const std::string network = At("run/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz");
  const Result result = Call({"fixed-points", network, "--condition", "0,0", "--condition", "1,0",
                              "--starts", "32", "--out", At("points.npz"), "-o", "csv"});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  const auto points = base::Archive::Decode(Read("points.npz"), "points.npz");
  ASSERT_TRUE(points.ok());
  EXPECT_TRUE(points->Has("J_xstar"));
  const Result wrong = Call({"fixed-points", network, "--condition", "0,0,0"});
  EXPECT_EQ(wrong.code, kUsage);
  EXPECT_THAT(wrong.err, HasSubstr("0,0,0 has 3 numbers, the network of " + network + " has 2"));
  EXPECT_EQ(Call({"fixed-points", At("absent.npz")}).code, kUsage);
}

TEST_F(FarmTest, AFileThatSaysWhatItIsIsNotReadAsSomethingElse) {
  const std::string network = At("run/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz");
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"--architecture", "lstm"},
       "--architecture lstm: " + network + " says of itself that it is vanilla; leave the option"},
      {{"--activation", "relu"},
       "--activation relu: " + network + " says of itself that it is tanh"},
      {{"--gate-bias", "0.25"}, "--gate-bias 0.25: " + network + " says of itself"}};
  for (const auto& [options, says] : cases) {
    std::vector<std::string> arguments = {"fixed-points", network, "--starts", "8"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Result result = Call(arguments);
    EXPECT_EQ(result.code, kUsage) << says;
    EXPECT_THAT(result.err, HasSubstr(says));
  }
  EXPECT_EQ(Call({"fixed-points", network, "--architecture", "vanilla", "--activation", "tanh",
                  "--starts", "8"})
                .code,
            kOk);
}

TEST_F(FarmTest, ForeignNetworksNeedTheirCellNamed) {
  const std::string command = "/usr/bin/python3 -c \"import numpy as np; z = np.load('" +
                              At("run/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz") +
                              "'); np.savez('" + At("foreign.npz") +
                              "', **{k: z[k] for k in z.files if k.startswith('weight')})\"";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Result unnamed = Call({"fixed-points", At("foreign.npz")});
  EXPECT_EQ(unnamed.code, kUsage);
  EXPECT_THAT(unnamed.err, HasSubstr("--architecture"));
  EXPECT_EQ(Call({"fixed-points", At("foreign.npz"), "--architecture", "vanilla", "--activation",
                  "tanh", "--starts", "32"})
                .code,
            kOk);
  EXPECT_EQ(
      Call({"fixed-points", At("foreign.npz"), "--architecture", "gru", "--activation", "tanh"})
          .code,
      kUsage);
}

TEST_F(FarmTest, ImportsANetworkAndAnalysesItLikeItsOwn) {
  const std::string key = "flipflop-vanilla-tanh-8-l2_1e-05-s0";
  const std::string sweep = R"(name: "imported"  base_seed: 5
task { name: "flipflop"  flip_flop { bits: 2 steps: 20 } }
import { path: "run/flipflop/networks/)" +
                            key + R"(.npz" name: "mine"
         architecture: "vanilla"  activation: "tanh" }
analysis { metric { svcca {} } fixed_points { starts: 32 } })";
  ASSERT_TRUE(base::WriteFile(At("imported.textproto"), sweep).ok());
  const Result result = Call({"run", At("imported.textproto"), "--out", At("imported")});
  ASSERT_EQ(result.code, kOk) << result.err;
  EXPECT_EQ(Read("imported/flipflop/networks/flipflop-import-mine.npz"),
            Read("run/flipflop/networks/" + key + ".npz"));
  EXPECT_THAT(
      Read("imported/networks.csv"),
      HasSubstr("\nflipflop-import-mine,flipflop,vanilla,tanh,8,0,0,0,false,true,analyzed,"));
  const auto points = base::Archive::Decode(
      Read("imported/flipflop/fixed_points/flipflop-import-mine.npz"), "points");
  ASSERT_TRUE(points.ok());
  EXPECT_EQ((*points->Find("xstar"))->shape[1], 8);
}

TEST_F(FarmTest, TellsWhatATriedImportHolds) {
  const std::string sweep = R"(name: "tried"  task { name: "flipflop"  flip_flop { bits: 2 } }
import { path: "run/flipflop/states/flipflop-vanilla-tanh-8-l2_1e-05-s0.npy" name: "a"
         architecture: "recording" }
import { path: "run/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz" name: "b"
         architecture: "vanilla" activation: "tanh" })";
  ASSERT_TRUE(base::WriteFile(At("tried.textproto"), sweep).ok());
  const auto submit = [](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"sweep", "submit", At("tried.textproto")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return OnFarm(arguments);
  };
  const Result tried = submit({"--dry-run"});
  EXPECT_EQ(tried.code, kOk) << tried.err;
  EXPECT_THAT(tried.out,
              AllOf(HasSubstr("units          8 (2)"), HasSubstr("activation     tanh (1)")));
  EXPECT_EQ(submit({}).code, kOk);
  EXPECT_THAT(submit({"--dry-run"}).out, HasSubstr("the coordinator has this sweep already"));
  const Result told = OnFarm({"explain", "tried/flipflop-import-a"});
  EXPECT_THAT(told.out, AllOf(HasSubstr("recorded activity of 8 units"),
                              HasSubstr("none: it is no network")));
}

TEST_F(FarmTest, NamesWhatIsWrongWithAnImport) {
  const std::string head = R"(name: "bad-import"  task { name: "flipflop"  flip_flop { bits: 2 } }
)";
  const struct {
    const char* import;
    const char* says;
  } cases[] = {
      {R"(path: "run/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz" activation: "tanh"
          architecture: "gru")",
       "weight_hh_l0"},
      {R"(path: "absent.npz" activation: "tanh" architecture: "gru")", "absent.npz"},
      {R"(path: "run/networks.csv" activation: "tanh" architecture: "gru")", "networks.csv"},
      {R"(path: "run/flipflop/networks/flipflop-vanilla-tanh-8-l2_1e-05-s0.npz" activation: "tanh"
          architecture: "vanila")",
       "did you mean vanilla"}};
  for (const auto& each : cases) {
    ASSERT_TRUE(base::WriteFile(At("bad.textproto"), head + "import { " + each.import + " }").ok());
    const Result result = Call({"sweep", "validate", At("bad.textproto")});
    EXPECT_EQ(result.code, kUsage) << each.says;
    EXPECT_THAT(result.err, AllOf(HasSubstr("bad.textproto:"), HasSubstr(each.says)));
  }
}

TEST_F(FarmTest, NamesWhatIsWrongWithAForeignNetwork) {
  const struct {
    const char* arrays;
    const char* says;
  } cases[] = {
      {"weight_ih_l0=np.ones((2, 1)), weight_hh_l0=np.full((2, 2), np.nan)",
       "array weight_hh_l0 is nan at element 0"},
      {"weight_ih_l0=np.ones((3, 1)), weight_hh_l0=np.ones((2, 2))", "weight_ih_l0"},
      {"weight_ih_l0=np.ones((2, 1)), weight_hh_l0=np.ones((2, 2)), weight_hr_l0=np.ones((2, 2))",
       "array weight_hr_l0 is no parameter of vanilla; expected weight_ih_l0, weight_hh_l0"},
      {"weight_ih_l0=np.ones((2, 1))", "weight_hh_l0"}};
  for (const auto& each : cases) {
    const std::string command = "/usr/bin/python3 -c \"import numpy as np; np.savez('" +
                                At("wrong.npz") + "', " + each.arrays + ")\"";
    ASSERT_EQ(std::system(command.c_str()), 0);
    const Result result = Call({"fixed-points", At("wrong.npz"), "--architecture", "vanilla",
                                "--activation", "tanh", "--starts", "8"});
    EXPECT_EQ(result.code, kUsage) << each.says;
    EXPECT_THAT(result.err, AllOf(HasSubstr("wrong.npz"), HasSubstr(each.says)));
  }
}

TEST_F(FarmTest, SaysHowAForeignGruIsRead) {
  const std::string command =
      "/usr/bin/python3 -c \"import numpy as np; np.savez('" + At("gru.npz") +
      "', weight_ih_l0=np.full((6, 1), 0.1), weight_hh_l0=np.full((6, 2), 0.1))\"";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const Result result = Call({"fixed-points", At("gru.npz"), "--architecture", "gru",
                              "--activation", "tanh", "--starts", "8"});
  EXPECT_EQ(result.code, kOk) << result.err;
  EXPECT_THAT(result.err, HasSubstr("unlike torch.nn.GRU"));
}

TEST_F(FarmTest, ErrorsOfAListNameItsOptions) {
  EXPECT_THAT(OnFarm({"jobs", "list", "tiny", "--where", "unitz>1"}).err,
              HasSubstr("--where: no field \"unitz\"; did you mean units?"));
  EXPECT_THAT(OnFarm({"networks", "list", "tiny", "--sort", "unitz"}).err,
              HasSubstr("--sort: no field"));
  EXPECT_THAT(OnFarm({"sweep", "list", "--page-token", "nonsense"}).err,
              HasSubstr("--page-token: "));
}

// Last, as the other tests know of one sweep alone.
TEST_F(FarmTest, SaysWhatASweepIsAtThatDoesNotGoOn) {
  ASSERT_EQ(OnFarm({"sweep", "submit", At("tiny.textproto"), "--set", "name=second"}).code, kOk);
  EXPECT_THAT(OnFarm({"pull", "second", At("second")}).err,
              HasSubstr("second is running: this is what there is by now"));
  ASSERT_EQ(OnFarm({"sweep", "pause", "second"}).code, kOk);
  Result watched;
  std::thread watch([&watched] { watched = OnFarm({"watch", "second"}); });
  absl::SleepFor(absl::Seconds(2));  // more than one look at it
  ASSERT_EQ(OnFarm({"sweep", "cancel", "second"}).code, kOk);
  watch.join();
  const size_t told = watched.out.find("paused; go on with `rnnfarm sweep resume second`");
  EXPECT_NE(told, std::string::npos) << watched.out;
  EXPECT_EQ(watched.out.find("paused; go on", told + 1), std::string::npos) << "it was told twice";
  EXPECT_THAT(OnFarm({"pull", "second", At("second")}).err, HasSubstr("second was cancelled"));
  EXPECT_THAT(OnFarm({"sweep", "submit", At("tiny.textproto"), "--set", "name=second"}).err,
              HasSubstr("under another name (--set name=...)"));
  EXPECT_THAT(OnFarm({"sweep", "pause", "second"}).err, HasSubstr("sweep second is cancelled;"));
}

}  // namespace
}  // namespace rnnfarm::client
