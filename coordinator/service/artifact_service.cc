#include "coordinator/service/artifact_service.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "base/artifact_transfer.h"
#include "base/channel.h"
#include "base/digest.h"
#include "base/status_grpc.h"

namespace rnnfarm::service {
namespace {

// Chunks are gathered into synced writes of this size.
constexpr size_t kWriteBytes = size_t{1} << 20;

absl::Status CheckHeader(const v1::UploadArtifactRequest& header) {
  if (!base::IsDigest(header.digest())) {
    return absl::InvalidArgumentError(
        "digest: the first message must give the SHA-256 as 64 lower-case hexadecimal digits");
  }
  if (header.size_bytes() < 0 || header.size_bytes() > base::kMaxArtifactBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "size_bytes: ", header.size_bytes(), " is not between 0 and ", base::kMaxArtifactBytes));
  }
  return absl::OkStatus();
}

// One upload stream: gathers data and appends it to the store.
class Upload {
 public:
  Upload(store::Store& store, const v1::UploadArtifactRequest& header)
      : store_(store),
        digest_(header.digest()),
        size_(header.size_bytes()),
        offset_(header.offset()) {}

  absl::Status Take(const std::string& data) {
    if (data.size() > base::kTransferChunkBytes) {
      return absl::InvalidArgumentError(absl::StrCat("data: ", data.size(),
                                                     " bytes in one message are more than ",
                                                     base::kTransferChunkBytes));
    }
    gathered_ += data;
    return gathered_.size() < kWriteBytes ? absl::OkStatus() : Flush();
  }
  absl::Status Flush() {
    auto status = store_.AppendUpload(digest_, size_, offset_, gathered_);
    offset_ += static_cast<int64_t>(gathered_.size());
    gathered_.clear();
    return status;
  }
  absl::StatusOr<v1::Artifact> Finish() {
    if (auto status = Flush(); !status.ok()) return status;
    auto upload = store_.GetUpload(digest_);
    if (!upload.ok()) return upload.status();
    if (!upload->complete && upload->committed_bytes < size_) {
      return absl::AbortedError(absl::StrCat("the upload of artifacts/", digest_, " ended at ",
                                             upload->committed_bytes, " of ", size_,
                                             " bytes; go on at that offset"));
    }
    return store_.FinishUpload(digest_, size_);
  }

 private:
  store::Store& store_;
  const std::string digest_;
  const int64_t size_;
  int64_t offset_;
  std::string gathered_;
};

}  // namespace

grpc::Status ArtifactService::GetUpload(grpc::ServerContext*, const v1::GetUploadRequest* request,
                                        v1::GetUploadResponse* response) {
  auto upload = store_.GetUpload(request->digest());
  if (!upload.ok()) return base::ToGrpc(upload.status());
  response->set_committed_bytes(upload->committed_bytes);
  response->set_complete(upload->complete);
  return grpc::Status::OK;
}

grpc::Status ArtifactService::UploadArtifact(grpc::ServerContext* context,
                                             grpc::ServerReader<v1::UploadArtifactRequest>* reader,
                                             v1::UploadArtifactResponse* response) {
  const auto ticket = uploads_.Enter(PeerOf(*context));
  if (!ticket.ok()) return base::ToGrpc(ticket.status());
  v1::UploadArtifactRequest message;
  const auto read = [&] {
    IdleStreams::Waiting waiting(idle_, *context);
    return reader->Read(&message);
  };
  if (!read()) {
    return base::ToGrpc(absl::InvalidArgumentError("the upload has no first message"));
  }
  if (auto status = CheckHeader(message); !status.ok()) return base::ToGrpc(status);
  Upload upload(store_, message);
  do {
    if (auto status = upload.Take(message.data()); !status.ok()) return base::ToGrpc(status);
  } while (read());
  if (context->IsCancelled()) {
    // Keeps what came, so that the upload can go on there.
    upload.Flush().IgnoreError();
    return base::ToGrpc(absl::CancelledError("the upload was cut off"));
  }
  auto artifact = upload.Finish();
  if (artifact.ok()) *response->mutable_artifact() = *std::move(artifact);
  return base::ToGrpc(artifact.status());
}

grpc::Status ArtifactService::DownloadArtifact(
    grpc::ServerContext* context, const v1::DownloadArtifactRequest* request,
    grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) {
  const auto ticket = downloads_.Enter(PeerOf(*context));
  if (!ticket.ok()) return base::ToGrpc(ticket.status());
  const auto write = [&](const v1::DownloadArtifactResponse& response) {
    IdleStreams::Waiting waiting(idle_, *context);
    return writer->Write(response);
  };
  auto artifact = store_.GetArtifact(request->digest());
  if (!artifact.ok()) return base::ToGrpc(artifact.status());
  int64_t offset = request->offset();
  do {
    auto bytes = store_.ReadArtifact(request->digest(), offset, base::kTransferChunkBytes);
    if (!bytes.ok()) return base::ToGrpc(bytes.status());
    v1::DownloadArtifactResponse response;
    response.set_size_bytes(artifact->size_bytes());
    offset += static_cast<int64_t>(bytes->size());
    response.set_data(*std::move(bytes));
    if (!write(response)) return base::ToGrpc(absl::CancelledError("the reader hung up"));
  } while (offset < artifact->size_bytes());
  return grpc::Status::OK;
}

}  // namespace rnnfarm::service
