// ArtifactService: chunked, resumable transfers. Handlers run on gRPC's thread pool.
#ifndef RNNFARM_COORDINATOR_SERVICE_ARTIFACT_SERVICE_H_
#define RNNFARM_COORDINATOR_SERVICE_ARTIFACT_SERVICE_H_

#include "coordinator/store/store.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::service {

class ArtifactService : public v1::ArtifactService::Service {
 public:
  explicit ArtifactService(store::Store& store) : store_(store) {}

  grpc::Status GetUpload(grpc::ServerContext*, const v1::GetUploadRequest*,
                         v1::GetUploadResponse*) override;
  grpc::Status UploadArtifact(grpc::ServerContext*, grpc::ServerReader<v1::UploadArtifactRequest>*,
                              v1::UploadArtifactResponse*) override;
  grpc::Status DownloadArtifact(grpc::ServerContext*, const v1::DownloadArtifactRequest*,
                                grpc::ServerWriter<v1::DownloadArtifactResponse>*) override;

 private:
  store::Store& store_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_COORDINATOR_SERVICE_ARTIFACT_SERVICE_H_
