#include "coordinator/service/submission.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_grpc.h"
#include "coordinator/population/population.h"

namespace rnnfarm::service {
namespace {

absl::Status CheckFile(const std::string& field, const std::string& path, const std::string& digest,
                       store::Store& store) {
  if (digest.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(field, ".digest: empty, so the bytes of \"", path,
                     "\" are unknown; upload the file and give its SHA-256, as `rnnfarm sweep "
                     "submit` does"));
  }
  // New again by this question, so that it is not removed before the sweep refers to it.
  const auto upload = store.GetUpload(digest);
  if (!upload.ok()) return upload.status();
  if (!upload->complete) {
    return absl::FailedPreconditionError(
        absl::StrCat(field, ".digest: there is no artifacts/", digest,
                     "; it was never uploaded to its end, or was removed since nothing referred to "
                     "it; upload \"",
                     path, "\" before the sweep is submitted"));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const v1::SweepSpec& spec, store::Store& store) {
  for (int i = 0; i < spec.task_size(); ++i) {
    if (!spec.task(i).has_dataset()) continue;
    const v1::Dataset& dataset = spec.task(i).dataset();
    auto status =
        CheckFile(absl::StrCat("task[", i, "].dataset"), dataset.path(), dataset.digest(), store);
    if (!status.ok()) return status;
  }
  for (int i = 0; i < spec.import_size(); ++i) {
    auto status = CheckFile(absl::StrCat("import[", i, "]"), spec.import(i).path(),
                            spec.import(i).digest(), store);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int InputsOfTask(const v1::SweepSpec& resolved, absl::string_view name) {
  for (const v1::Task& task : resolved.task()) {
    if (task.name() == name || (name.empty() && resolved.task_size() == 1)) {
      return population::TaskInputs(task);
    }
  }
  return 0;
}

}  // namespace

absl::Status ReadImports(store::Store& store, bool may_be_absent, v1::SweepSpec& spec) {
  const v1::SweepSpec resolved = population::WithDefaults(spec);
  for (int i = 0; i < spec.import_size(); ++i) {
    v1::Import& import = *spec.mutable_import(i);
    auto bytes = store.ReadWholeArtifact(import.digest());
    if (may_be_absent && absl::IsNotFound(bytes.status())) continue;
    if (!bytes.ok()) return bytes.status();
    const auto units =
        population::ReadImportUnits(*bytes, import, InputsOfTask(resolved, import.task()));
    if (!units.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("import[", i, "].path: ", std::string(units.status().message())));
    }
    import.set_units(*units);
  }
  return absl::OkStatus();
}

absl::Status CheckSubmission(const v1::SubmitSweepRequest& request, int64_t max_networks,
                             store::Store& store) {
  if (!request.has_spec()) {
    return absl::InvalidArgumentError("spec: missing; give the sweep to be submitted");
  }
  const std::vector<population::Violation> violations =
      population::Validate(request.spec(), max_networks);
  std::string message;
  for (size_t i = 0; i < violations.size() && i < kMaxViolationsNamed; ++i) {
    absl::StrAppend(&message, i == 0 ? "" : "; ", violations[i].field, ": ", violations[i].message);
  }
  if (violations.size() > kMaxViolationsNamed) {
    absl::StrAppend(&message, "; and ", violations.size() - kMaxViolationsNamed, " more");
  }
  if (!message.empty()) {
    absl::Status refused = absl::InvalidArgumentError(message);
    for (const population::Violation& violation : violations) {
      base::AddViolation(violation.field, violation.message, refused);
    }
    return refused;
  }
  if (request.validate_only()) return absl::OkStatus();
  if (auto status = store.CheckRoomForSubmission(); !status.ok()) return status;
  return CheckFiles(request.spec(), store);
}

}  // namespace rnnfarm::service
