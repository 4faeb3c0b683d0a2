// What the coordinator looks into before it takes it: results of workers, and imports.
#include "absl/strings/match.h"
#include "base/utf8.h"
#include "coordinator/population/population.h"
#include "coordinator/service/artifact_check.h"
#include "tests/fuzz/arrays.h"
#include "tests/fuzz/target.h"

namespace rnnfarm::fuzz {
namespace {

service::ExpectedCell SmallCell() {
  service::ExpectedCell cell;
  cell.architecture = "gru";
  cell.units = 2;
  cell.inputs = 1;
  cell.outputs = 1;
  return cell;
}

}  // namespace

std::vector<std::string> Seeds() {
  return {
      Unpacked({{"weight_ih_l0", Floats({6, 1})},
                {"weight_hh_l0", Floats({6, 2})},
                {"bias_ih_l0", Floats({6})},
                {"readout.weight", Floats({1, 2})},
                {"readout.bias", Floats({1})},
                {"initial_state", Floats({2})}}),
      Unpacked({{"parameters", Floats({29})}, {"velocity", Floats({29})}}),
      Unpacked({{"xstar", Doubles({1, 2})},
                {"inputs", Doubles({1, 1})},
                {"qstar", Doubles({1})},
                {"J_xstar", Doubles({1, 2, 2})},
                {"eigval_J_xstar", Doubles({1, 2})},
                {"eigvec_J_xstar", Doubles({1, 2, 2})},
                {"is_stable", Doubles({1})},
                {"cond_id", Doubles({1})},
                {"n_unstable", Doubles({1})},
                {"transitions", Doubles({0, 3})}}),
      base::EncodeNpy(Floats({4, 3})),
      base::EncodeNpy(Floats({2, 3, 2})),
  };
}

}  // namespace rnnfarm::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rnnfarm;  // NOLINT
  const absl::string_view input = fuzz::AsView(data, size);
  // A single .npy is taken as it is.
  const bool is_npy = absl::StartsWith(input, "\x93");
  const std::string bytes = is_npy ? std::string(input) : fuzz::Packed(input);
  for (const char* role : {"network", "checkpoint", "curve", "states", "fixed_points", "other"}) {
    const absl::Status status = service::CheckArtifact(role, bytes, fuzz::SmallCell());
    fuzz::Require(status.ok() || absl::IsInvalidArgument(status), "a bad result is refused");
    // It becomes the reason of the job's failure, which is a record.
    fuzz::Require(base::IsUtf8(status.message()), "a refusal is text");
  }
  v1::Import import;
  import.set_architecture("gru");
  const auto units = population::ReadImportUnits(bytes, import, 1);
  fuzz::Require(!units.ok() || *units > 0, "an import has units");
  fuzz::Require(base::IsUtf8(units.status().message()), "a refusal is text");
  return 0;
}
