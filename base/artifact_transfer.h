// Moving artifacts over gRPC: in chunks, named by digest, resumed where they were cut.
//
//   absl::StatusOr<std::string> digest = base::UploadArtifact(*stub, bytes);
//   absl::StatusOr<std::string> bytes = base::DownloadArtifact(*stub, *digest);
//
// Both survive a coordinator that restarts: they back off and go on at the committed offset until
// TransferOptions::give_up_after has passed without progress. Thread-safe for different calls.
#ifndef RNNFARM_BASE_ARTIFACT_TRANSFER_H_
#define RNNFARM_BASE_ARTIFACT_TRANSFER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/digest.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::base {

// Larger artifacts are refused before memory is taken for them.
inline constexpr int64_t kMaxArtifactBytes = int64_t{8} << 30;

struct TransferOptions {
  // Time without any progress after which a coordinator that is unreachable or has no free space
  // is given up (UNAVAILABLE).
  absl::Duration give_up_after = absl::Seconds(30);
  absl::Duration first_backoff = absl::Milliseconds(100);
  absl::Duration longest_backoff = absl::Seconds(5);
  // One stream may take this long; then it is opened anew at the offset reached.
  absl::Duration stream_deadline = absl::Minutes(10);
  // Asked before each chunk and while waiting; true ends the transfer with CANCELLED.
  std::function<bool()> cancelled;
};

// Returns the digest of `bytes`. Sends nothing if the artifact is there already.
absl::StatusOr<std::string> UploadArtifact(v1::ArtifactService::StubInterface& stub,
                                           absl::string_view bytes,
                                           const TransferOptions& options = {});

// The artifact's bytes, or DATA_LOSS if they are not those of `digest`.
absl::StatusOr<std::string> DownloadArtifact(v1::ArtifactService::StubInterface& stub,
                                             absl::string_view digest,
                                             const TransferOptions& options = {});

// Takes the next bytes; an error of its own ends the transfer with that error.
using ArtifactSink = std::function<absl::Status(absl::string_view chunk)>;

// Streams the artifact from byte `offset` on into `sink`. `so_far` must have been given the first
// `offset` bytes; it is finished here. DATA_LOSS if the whole does not match: what the sink took
// is to be thrown away then.
absl::Status DownloadArtifactTo(v1::ArtifactService::StubInterface& stub, absl::string_view digest,
                                int64_t offset, Digest& so_far, const ArtifactSink& sink,
                                const TransferOptions& options = {});

}  // namespace rnnfarm::base

#endif  // RNNFARM_BASE_ARTIFACT_TRANSFER_H_
