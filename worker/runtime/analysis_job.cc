#include "worker/runtime/analysis_job.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "base/recording.h"
#include "base/steady_time.h"
#include "worker/dynamics/analysis.h"
#include "worker/rnn/foreign_network.h"
#include "worker/rnn/network_file.h"
#include "worker/runtime/spec_conversion.h"

namespace rnnfarm::worker {
namespace {

// Resolution of the share of the work done: progress counts "iterations" of this many.
constexpr int kProgressSteps = 1000;
constexpr absl::Duration kProgressPause = absl::Milliseconds(20);

absl::StatusOr<rnn::NetworkFile> ReadImport(absl::string_view bytes, absl::string_view source,
                                            const v1::JobSpec& spec, const rnn::CellSpec& cell) {
  rnn::ForeignCell foreign;
  foreign.architecture = spec.architecture();
  foreign.activation = spec.activation();
  foreign.gate_bias = cell.gate_bias;
  foreign.alpha = cell.alpha;
  foreign.outputs = cell.outputs;
  auto network = rnn::ReadNetwork(bytes, source, foreign, [](const std::string&) {});
  if (!network.ok()) return network.status();
  if (network->spec.architecture == cell.architecture &&
      network->spec.activation == cell.activation) {
    return network;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(source, " says that it is ", rnn::Name(network->spec.architecture), " with ",
                   rnn::Name(network->spec.activation), ", the import that it is ",
                   spec.architecture(), " with ", spec.activation()));
}

absl::StatusOr<rnn::NetworkFile> NetworkOf(Job& job, const task::Task& task) {
  auto cell = CellSpecOf(job.spec(), task);
  if (!cell.ok()) return cell.status();
  const std::string& digest = job.spec().network_artifact();
  if (digest.empty()) {
    rnn::NetworkFile network;
    network.spec = *cell;
    network.parameters =
        engine::InitialParameters(job.spec().base_seed(), job.spec().stream_key(), *cell);
    return network;
  }
  auto bytes = job.Download(digest);
  if (!bytes.ok()) return bytes.status();
  const std::string source = absl::StrCat("artifact ", digest);
  auto network = job.spec().imported() ? ReadImport(*bytes, source, job.spec(), *cell)
                                       : rnn::DecodeNetwork(*bytes, source);
  if (!network.ok()) return network.status();
  if (network->parameters.size() != rnn::ParameterCount(*cell)) {
    return absl::InvalidArgumentError(
        absl::StrCat("artifact ", digest, " holds a network of ", network->parameters.size(),
                     " parameters, the job is about one of ", rnn::ParameterCount(*cell)));
  }
  return network;
}

// Recorded activity: its states, as those of a network on the same probe are kept, and no dynamics.
absl::Status TakeRecording(Job& job, const task::Task& task) {
  const std::string& digest = job.spec().network_artifact();
  const auto bytes = job.Download(digest);
  if (!bytes.ok()) return bytes.status();
  auto recording = base::ReadRecording(*bytes, absl::StrCat("artifact ", digest));
  if (!recording.ok()) return recording.status();
  const task::Trials probe = task.Probe(job.spec().base_seed());
  const int64_t samples = int64_t{probe.count} * probe.steps;
  const std::vector<int64_t> whole = {probe.count, probe.steps, recording->shape.back()};
  const std::vector<int64_t> flat = {samples, recording->shape.back()};
  if (recording->shape != whole && recording->shape != flat) {
    return absl::InvalidArgumentError(
        absl::StrCat("the recording is ", recording->Describe(), "; the probe of its task has ",
                     probe.count, " trials x ", probe.steps, " steps, so that it must be ",
                     base::ShapeText(whole), " or ", base::ShapeText(flat)));
  }
  const auto values = recording->ToDoubles();
  if (!values.ok()) return values.status();
  const std::vector<float> states(values->begin(), values->end());
  const auto uploaded =
      job.Upload(base::EncodeNpy(base::Array::Of<float>(whole, absl::MakeConstSpan(states))));
  if (!uploaded.ok()) return uploaded.status();
  v1::JobResult result;
  (*result.mutable_artifacts())["states"] = *uploaded;
  job.Succeed(std::move(result));
  return absl::OkStatus();
}

absl::Status Analyze(Job& job) {
  auto task = job.MakeTask();
  if (!task.ok()) return task.status();
  if (job.spec().architecture() == base::kRecording) return TakeRecording(job, **task);
  auto network = NetworkOf(job, **task);
  if (!network.ok()) return network.status();
  absl::Time told = absl::InfinitePast();
  const auto progress = [&job, &told](absl::string_view phase, double share) {
    // Small networks ask a hundred thousand times a second.
    if (base::SteadyNow() - told < kProgressPause) return true;
    told = base::SteadyNow();
    v1::Progress progress;
    progress.set_phase(std::string(phase));
    progress.set_iteration(static_cast<int64_t>(share * kProgressSteps));
    progress.set_iterations(kProgressSteps);
    job.SetProgress(std::move(progress));
    return job.MayGoOn();
  };
  // One of our own networks that comes back as an import draws what it drew the first time.
  const bool comes_back = job.spec().imported() && !network->key.empty();
  const std::string& stream_key = comes_back ? network->key : job.spec().stream_key();
  const auto analyse = [&](int device) {
    return dynamics::Analyze(*network, **task, SettingsOf(job.spec()), job.spec().base_seed(),
                             stream_key, progress, device);
  };
  const auto report = AnalyseOnOrBeside(job.NextAnalysisDevice(), analyse);
  if (!report.ok()) return report.status();
  v1::JobResult result;
  *result.mutable_fixed_points() = SummaryOf(report->conditions);
  const std::pair<const char*, const std::string*> files[] = {
      {"states", &report->states_file}, {"fixed_points", &report->fixed_points_file}};
  for (const auto& [role, bytes] : files) {
    auto digest = job.Upload(*bytes);
    if (!digest.ok()) return digest.status();
    (*result.mutable_artifacts())[role] = *digest;
  }
  job.Succeed(std::move(result));
  return absl::OkStatus();
}

}  // namespace

void RunAnalysis(const v1::Lease& lease, Workplace& workplace) {
  Job job(lease, workplace);
  const base::LogContext context(job.LogFields());
  const absl::Status status = WithoutExceptions("the analysis", [&job] { return Analyze(job); });
  if (!status.ok()) job.Fail(status);
}

}  // namespace rnnfarm::worker
