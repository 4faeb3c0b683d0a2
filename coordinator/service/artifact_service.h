// ArtifactService: chunked, resumable transfers. Handlers run on gRPC's thread pool, where each
// stream takes a thread: there is a limit on streams, overall and a peer, and one on their silence.
#ifndef RNNFARM_COORDINATOR_SERVICE_ARTIFACT_SERVICE_H_
#define RNNFARM_COORDINATOR_SERVICE_ARTIFACT_SERVICE_H_

#include "absl/time/time.h"
#include "coordinator/service/idle_streams.h"
#include "coordinator/service/peer_limits.h"
#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::service {

struct TransferLimits {
  PeerLimits::Limits uploads{.what = "uploads", .overall = 256, .a_peer = 64};
  PeerLimits::Limits downloads{.what = "downloads", .overall = 128, .a_peer = 64};
  // A stream on which nothing moves for this long is ended.
  absl::Duration silence = absl::Minutes(1);
};

class ArtifactService : public v1::ArtifactService::Service {
 public:
  explicit ArtifactService(store::Store& store, const TransferLimits& limits = {})
      : store_(store),
        uploads_(limits.uploads),
        downloads_(limits.downloads),
        idle_(limits.silence) {}

  grpc::Status GetUpload(grpc::ServerContext*, const v1::GetUploadRequest*,
                         v1::GetUploadResponse*) override;
  grpc::Status UploadArtifact(grpc::ServerContext*, grpc::ServerReader<v1::UploadArtifactRequest>*,
                              v1::UploadArtifactResponse*) override;
  grpc::Status DownloadArtifact(grpc::ServerContext*, const v1::DownloadArtifactRequest*,
                                grpc::ServerWriter<v1::DownloadArtifactResponse>*) override;

 private:
  store::Store& store_;
  PeerLimits uploads_;
  PeerLimits downloads_;
  IdleStreams idle_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_ARTIFACT_SERVICE_H_
