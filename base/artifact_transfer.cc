#include "base/artifact_transfer.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "base/status_grpc.h"
#include "base/steady_time.h"

namespace rnnfarm::base {
namespace {

using Stub = v1::ArtifactService::StubInterface;

constexpr absl::Duration kCancelPoll = absl::Milliseconds(50);
// A whole that does not match its digest may be the remains of an earlier, corrupt upload; the
// receiver forgets those, so one more try from the beginning tells.
constexpr int kMaxDataLoss = 2;

// Whether the same call may succeed later or on a new connection. A server that shuts down ends
// its streams with CANCELLED; an upload's committed offset may have gone back (OUT_OF_RANGE); a
// disk without free space (RESOURCE_EXHAUSTED) may get some.
bool Passing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

// Back-off between tries that ends when no progress was made for too long.
class Patience {
 public:
  explicit Patience(const TransferOptions& options)
      : options_(options), backoff_(options.first_backoff), last_progress_(SteadyNow()) {}

  void Progress() {
    last_progress_ = SteadyNow();
    backoff_ = options_.first_backoff;
  }
  bool Cancelled() const { return options_.cancelled && options_.cancelled(); }

  // OK: waited, try again. Otherwise why to stop.
  absl::Status Wait(const absl::Status& failure) {
    if (Cancelled()) return absl::CancelledError("the transfer was cancelled");
    if (!Passing(failure)) return failure;
    if (SteadyNow() - last_progress_ > options_.give_up_after) {
      return absl::UnavailableError(absl::StrCat("no progress for ",
                                                 absl::FormatDuration(options_.give_up_after), ": ",
                                                 std::string(failure.message())));
    }
    const absl::Time until = SteadyNow() + backoff_;
    backoff_ = std::min(backoff_ * 2, options_.longest_backoff);
    while (SteadyNow() < until) {
      absl::SleepFor(std::min(kCancelPoll, until - SteadyNow()));
      if (Cancelled()) return absl::CancelledError("the transfer was cancelled");
    }
    return absl::OkStatus();
  }

 private:
  const TransferOptions& options_;
  absl::Duration backoff_;
  absl::Time last_progress_;
};

std::unique_ptr<grpc::ClientContext> MakeContext(const TransferOptions& options) {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(absl::ToChronoTime(absl::Now() + options.stream_deadline));
  return context;
}

// Where the upload stands; -1 if it is complete.
absl::StatusOr<int64_t> CommittedOffset(Stub& stub, const std::string& digest,
                                        const TransferOptions& options) {
  auto context = MakeContext(options);
  v1::GetUploadRequest request;
  request.set_digest(digest);
  v1::GetUploadResponse response;
  if (auto status = FromGrpc(stub.GetUpload(context.get(), request, &response)); !status.ok()) {
    return status;
  }
  return response.complete() ? int64_t{-1} : response.committed_bytes();
}

// One stream from `offset` to the end.
absl::Status SendFrom(Stub& stub, const std::string& digest, absl::string_view bytes,
                      int64_t offset, const TransferOptions& options) {
  auto context = MakeContext(options);
  v1::UploadArtifactResponse response;
  auto writer = stub.UploadArtifact(context.get(), &response);
  v1::UploadArtifactRequest request;
  request.set_digest(digest);
  request.set_size_bytes(bytes.size());
  request.set_offset(offset);
  request.set_request_id(absl::StrCat("upload-", digest));
  bool open = true;
  // An empty rest still needs its first message, which names the artifact.
  do {
    if (options.cancelled && options.cancelled()) {
      context->TryCancel();
      break;
    }
    const absl::string_view chunk = bytes.substr(offset, kTransferChunkBytes);
    request.set_data(chunk.data(), chunk.size());
    open = writer->Write(request);
    offset += chunk.size();
    request.Clear();
  } while (open && offset < bytes.size());
  writer->WritesDone();
  return FromGrpc(writer->Finish());
}

// A download on its way, over however many streams it takes.
struct Download {
  std::string digest;
  int64_t offset = 0;
  int64_t size = -1;  // unknown until the first message
  Digest& so_far;
  const ArtifactSink& sink;
  // Why this side ended it; never tried again.
  absl::Status refused;

  absl::Status Take(const v1::DownloadArtifactResponse& response) {
    if (response.size_bytes() > 0) size = response.size_bytes();
    if (size > kMaxArtifactBytes) {
      return absl::ResourceExhaustedError(absl::StrCat("artifact ", digest, " has ", size,
                                                       " bytes, more than the limit of ",
                                                       kMaxArtifactBytes));
    }
    so_far.Update(response.data());
    offset += response.data().size();
    return sink(response.data());
  }
};

// One stream from the offset reached on.
absl::Status Receive(Stub& stub, Download& download, Patience& patience,
                     const TransferOptions& options) {
  auto context = MakeContext(options);
  v1::DownloadArtifactRequest request;
  request.set_digest(download.digest);
  request.set_offset(download.offset);
  auto reader = stub.DownloadArtifact(context.get(), request);
  v1::DownloadArtifactResponse response;
  while (reader->Read(&response)) {
    download.refused = patience.Cancelled() ? absl::CancelledError("the transfer was cancelled")
                                            : download.Take(response);
    if (!download.refused.ok()) {
      context->TryCancel();
      break;
    }
    patience.Progress();
  }
  const absl::Status remote = FromGrpc(reader->Finish());
  return download.refused.ok() ? remote : download.refused;
}

}  // namespace

absl::StatusOr<std::string> UploadArtifact(Stub& stub, absl::string_view bytes,
                                           const TransferOptions& options) {
  const std::string digest = DigestOf(bytes);
  Patience patience(options);
  int64_t furthest = 0;
  int data_losses = 0;
  for (;;) {
    absl::StatusOr<int64_t> offset = CommittedOffset(stub, digest, options);
    absl::Status status = offset.status();
    if (offset.ok()) {
      if (*offset < 0) return digest;
      if (*offset > furthest) {
        furthest = *offset;
        patience.Progress();
      }
      // More than there is cannot be ours; the first message at 0 lets the receiver say so.
      status = SendFrom(stub, digest, bytes, *offset > bytes.size() ? 0 : *offset, options);
      if (status.ok()) return digest;
      if (absl::IsDataLoss(status) && ++data_losses < kMaxDataLoss) continue;
    }
    if (status = patience.Wait(status); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat("uploading artifact ", digest, ": ",
                                                      std::string(status.message())));
    }
  }
}

absl::Status DownloadArtifactTo(Stub& stub, absl::string_view digest, int64_t offset,
                                Digest& so_far, const ArtifactSink& sink,
                                const TransferOptions& options) {
  const std::string name(digest);
  Patience patience(options);
  Download download{name, offset, -1, so_far, sink, absl::OkStatus()};
  for (;;) {
    absl::Status status = Receive(stub, download, patience, options);
    if (status.ok()) break;
    if (download.refused.ok()) status = patience.Wait(status);
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat("downloading artifact ", name, ": ",
                                                      std::string(status.message())));
    }
  }
  const std::string found = so_far.Finish();
  if (found == name) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("downloading artifact ", name, ": the ", download.offset,
                                          " bytes received have digest ", found,
                                          "; they were thrown away"));
}

absl::StatusOr<std::string> DownloadArtifact(Stub& stub, absl::string_view digest,
                                             const TransferOptions& options) {
  std::string bytes;
  Digest so_far;
  const auto append = [&bytes](absl::string_view chunk) {
    bytes.append(chunk.data(), chunk.size());
    return absl::OkStatus();
  };
  if (auto status = DownloadArtifactTo(stub, digest, 0, so_far, append, options); !status.ok()) {
    return status;
  }
  return bytes;
}

}  // namespace rnnfarm::base
