#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "worker/engine/engine.h"

namespace rnnfarm::engine {

namespace {

absl::Status Wrong(absl::string_view source, absl::string_view array, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(source, ": array ", array, " ", what));
}

// The elements of an array of type T and the given shape, all finite.
template <typename T>
absl::StatusOr<std::vector<T>> Read(const base::Archive& archive, absl::string_view name,
                                    absl::Span<const int64_t> shape, absl::string_view source) {
  auto array = archive.Find(name, shape);
  if (!array.ok()) return array.status();
  auto values = (*array)->As<T>();
  if (!values.ok()) return Wrong(source, name, values.status().message());
  const int64_t at = base::FirstNonFinite(**array);
  if (at >= 0) return Wrong(source, name, absl::StrCat("is not finite at element ", at));
  return std::vector<T>(values->begin(), values->end());
}

}  // namespace

absl::StatusOr<std::string> EncodeCheckpoint(const rnn::CellSpec& spec,
                                             const Checkpoint& checkpoint) {
  const int64_t count = rnn::ParameterCount(spec);
  if (checkpoint.parameters.size() != count || checkpoint.velocity.size() != count) {
    return absl::InvalidArgumentError(
        absl::StrCat("a checkpoint of this shape has ", count, " parameters and velocities, not ",
                     checkpoint.parameters.size(), " and ", checkpoint.velocity.size()));
  }
  // The iterations apart from the losses, exact in their own type.
  std::vector<int64_t> iterations;
  std::vector<double> losses;
  for (const rnn::LossPoint& point : checkpoint.loss_curve) {
    iterations.push_back(point.iteration);
    losses.insert(losses.end(), {point.train_loss, point.validation_loss});
  }
  const int64_t points = static_cast<int64_t>(iterations.size());
  base::Archive archive;
  archive.Add("iteration",
              base::Array::Of<int64_t>({}, absl::MakeConstSpan(&checkpoint.iteration, 1)));
  archive.Add("parameters", base::Array::Of<float>({count}, checkpoint.parameters));
  archive.Add("velocity", base::Array::Of<float>({count}, checkpoint.velocity));
  archive.Add("loss_iterations", base::Array::Of<int64_t>({points}, iterations));
  archive.Add("losses", base::Array::Of<double>({points, 2}, losses));
  archive.Add("pending_loss",
              base::Array::Of<double>({}, absl::MakeConstSpan(&checkpoint.pending_loss, 1)));
  for (const auto& [name, array] : archive.entries()) {
    const int64_t at = base::FirstNonFinite(array);
    if (at >= 0) return Wrong("checkpoint", name, absl::StrCat("is not finite at element ", at));
  }
  return archive.Encode();
}

absl::StatusOr<Checkpoint> DecodeCheckpoint(const rnn::CellSpec& spec, absl::string_view bytes,
                                            absl::string_view source) {
  auto archive = base::Archive::Decode(bytes, source);
  if (!archive.ok()) return archive.status();
  const int64_t count = rnn::ParameterCount(spec);
  auto iteration = Read<int64_t>(*archive, "iteration", {}, source);
  if (!iteration.ok()) return iteration.status();
  if (iteration->front() < 0) return Wrong(source, "iteration", "is negative");
  auto parameters = Read<float>(*archive, "parameters", {count}, source);
  if (!parameters.ok()) return parameters.status();
  auto velocity = Read<float>(*archive, "velocity", {count}, source);
  if (!velocity.ok()) return velocity.status();
  auto iterations = Read<int64_t>(*archive, "loss_iterations", {-1}, source);
  if (!iterations.ok()) return iterations.status();
  const int64_t points = static_cast<int64_t>(iterations->size());
  auto losses = Read<double>(*archive, "losses", {points, 2}, source);
  if (!losses.ok()) return losses.status();
  auto pending = Read<double>(*archive, "pending_loss", {}, source);
  if (!pending.ok()) return pending.status();

  Checkpoint checkpoint;
  checkpoint.iteration = iteration->front();
  checkpoint.parameters = *std::move(parameters);
  checkpoint.velocity = *std::move(velocity);
  for (int64_t i = 0; i < points; ++i) {
    checkpoint.loss_curve.push_back({(*iterations)[i], (*losses)[2 * i], (*losses)[2 * i + 1]});
  }
  checkpoint.pending_loss = pending->front();
  return checkpoint;
}

}  // namespace rnnfarm::engine
