#include "client/submit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/artifact_transfer.h"
#include "coordinator/population/population.h"

namespace rnnfarm::client {

absl::StatusOr<v1::SubmitSweepResponse> SubmitFile(const Farm& farm, const SweepFile& file,
                                                   const SubmitOptions& options) {
  const bool sends = !options.validate_only && !file.attachments.empty();
  if (sends) {
    // Transfers have patience; whether anybody is there is known within the deadline of a call.
    const auto there = farm.Call(&v1::FarmService::Stub::GetVersion, v1::GetVersionRequest());
    if (!there.ok()) return there.status();
  }
  for (const auto& [digest, path] : file.attachments) {
    if (!sends) break;
    const absl::StatusOr<std::string> bytes = base::ReadFile(path);
    if (!bytes.ok()) return bytes.status();
    const absl::StatusOr<std::string> sent = base::UploadArtifact(farm.artifacts(), *bytes);
    if (!sent.ok()) return farm.ExplainTransfer(sent.status());
    if (*sent != digest) {
      return absl::AbortedError(absl::StrCat(path, " changed while it was sent; submit again"));
    }
  }
  v1::SubmitSweepRequest request;
  *request.mutable_spec() = file.spec;
  request.set_validate_only(options.validate_only);
  request.set_extend(options.extend);
  request.set_request_id(NewRequestId());
  return farm.Call(&v1::FarmService::Stub::SubmitSweep, request);
}

std::string DescribePopulation(const v1::SweepSpec& spec) {
  const population::Population population = population::Enumerate(population::WithDefaults(spec));
  const auto untrained =
      std::count_if(population.networks.begin(), population.networks.end(),
                    [](const v1::Network& network) { return network.untrained(); });
  std::string text =
      absl::StrCat(spec.name(), ": ", population.networks.size() - untrained, " networks of ",
                   population.configurations.size(), " configurations");
  if (untrained > 0) absl::StrAppend(&text, " and ", untrained, " untrained copies");
  for (const v1::ExcludedCells& cells : population.excluded) {
    absl::StrAppend(&text, ", ", cells.networks(), " left out",
                    cells.reason().empty() ? "" : absl::StrCat(" (", cells.reason(), ")"));
  }
  return text;
}

}  // namespace rnnfarm::client
