#include "coordinator/service/artifact_check.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "base/array_file.h"

namespace rnnfarm::service {
namespace {

absl::Status CheckFinite(absl::string_view name, const base::Array& array) {
  const int64_t at = base::FirstNonFinite(array);
  if (at < 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("array ", name, " holds a value that is not finite at element ", at));
}

struct NamedShape {
  const char* name;
  std::vector<int64_t> shape;  // -1: any extent
};

absl::Status CheckArrays(const base::Archive& archive, const std::vector<NamedShape>& wanted) {
  for (const NamedShape& want : wanted) {
    auto array = archive.Find(want.name, want.shape);
    if (!array.ok()) return array.status();
    if (auto status = CheckFinite(want.name, **array); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckNetwork(absl::string_view bytes, const ExpectedCell& cell) {
  auto archive = base::Archive::Decode(bytes, "network");
  if (!archive.ok()) return archive.status();
  const int64_t rows = cell.gates() * cell.units;
  return CheckArrays(*archive, {{"weight_ih_l0", {rows, cell.inputs}},
                                {"weight_hh_l0", {rows, cell.units}},
                                {"bias_ih_l0", {rows}},
                                {"readout.weight", {cell.outputs, cell.units}},
                                {"readout.bias", {cell.outputs}},
                                {"initial_state", {cell.state_size()}}});
}

// All parameters of the cell in one array, and as many velocities.
absl::Status CheckCheckpoint(absl::string_view bytes, const ExpectedCell& cell) {
  auto archive = base::Archive::Decode(bytes, "checkpoint");
  if (!archive.ok()) return archive.status();
  int64_t count = -1;
  if (cell.inputs >= 0 && cell.outputs >= 0) {
    count = cell.gates() * cell.units * (cell.inputs + cell.units + 1) +
            cell.outputs * (cell.units + 1) + cell.state_size();
  }
  auto parameters = archive->Find("parameters", {count});
  if (!parameters.ok()) return parameters.status();
  auto velocity = archive->Find("velocity", (*parameters)->shape);
  if (!velocity.ok()) return velocity.status();
  for (const auto& [name, array] : archive->entries()) {
    if (auto status = CheckFinite(name, array); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Iteration, training and validation loss of each point.
absl::Status CheckCurve(absl::string_view bytes) {
  auto curve = base::DecodeNpy(bytes, "curve");
  if (!curve.ok()) return curve.status();
  if (curve->shape.size() != 2 || curve->shape[1] != 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("curve is ", curve->Describe(), ", not points x 3"));
  }
  return CheckFinite("curve", *curve);
}

absl::Status CheckStates(absl::string_view bytes, const ExpectedCell& cell) {
  auto states = base::DecodeNpy(bytes, "states");
  if (!states.ok()) return states.status();
  if (states->shape.size() != 3 || states->shape[2] != cell.units) {
    return absl::InvalidArgumentError(
        absl::StrCat("states is ", states->Describe(), ", not trials x time x ", cell.units));
  }
  return CheckFinite("states", *states);
}

absl::Status CheckFixedPoints(absl::string_view bytes, const ExpectedCell& cell) {
  auto archive = base::Archive::Decode(bytes, "fixed_points");
  if (!archive.ok()) return archive.status();
  auto xstar = archive->Find("xstar", {-1, cell.state_size()});
  if (!xstar.ok()) return xstar.status();
  const int64_t points = (*xstar)->shape[0];
  const int64_t size = cell.state_size();
  return CheckArrays(*archive, {{"xstar", {points, size}},
                                {"inputs", {points, cell.inputs}},
                                {"qstar", {points}},
                                {"J_xstar", {points, size, size}},
                                {"eigval_J_xstar", {points, size}},
                                {"eigvec_J_xstar", {points, size, size}},
                                {"is_stable", {points}},
                                {"cond_id", {points}},
                                {"n_unstable", {points}},
                                {"transitions", {-1, -1}}});
}

}  // namespace

int64_t ExpectedCell::gates() const {
  if (architecture == "lstm") return 4;
  if (architecture == "gru") return 3;
  if (architecture == "ugrnn") return 2;
  return 1;
}

int64_t ExpectedCell::state_size() const { return architecture == "lstm" ? 2 * units : units; }

absl::Status CheckArtifact(absl::string_view role, absl::string_view bytes,
                           const ExpectedCell& cell) {
  if (role == "network") return CheckNetwork(bytes, cell);
  if (role == "checkpoint") return CheckCheckpoint(bytes, cell);
  if (role == "curve") return CheckCurve(bytes);
  if (role == "states") return CheckStates(bytes, cell);
  if (role == "fixed_points") return CheckFixedPoints(bytes, cell);
  return absl::OkStatus();
}

}  // namespace rnnfarm::service
