// A coordinator of the tests: grants the leases it is given, remembers what workers say, and
// misbehaves on request. Listens on loopback; can go away and come back on its port.
#ifndef RNNFARM_TESTS_WORKER_RUNTIME_FAKE_COORDINATOR_H_
#define RNNFARM_TESTS_WORKER_RUNTIME_FAKE_COORDINATOR_H_

#include <grpcpp/server.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "rnnfarm/v1/worker_service.grpc.pb.h"

namespace rnnfarm::worker {

class FakeCoordinator : public v1::WorkerService::Service, public v1::ArtifactService::Service {
 public:
  FakeCoordinator() { Start(); }
  ~FakeCoordinator() override { Stop(); }

  void Start();
  void Stop();
  std::string address() const;

  // To the next worker with free slots; later ones of the same job supersede it.
  void Grant(v1::Lease lease);
  void Drop(const std::string& job);
  void OrderDrain() {
    Locked([&] { drain_ = true; });
  }
  // The effect of the next Sync stays, its answer does not arrive.
  void LoseNextResponse() {
    Locked([&] { lose_response_ = true; });
  }
  // Downloads of this artifact arrive with a flipped bit.
  void Corrupt(const std::string& digest) {
    Locked([&] { corrupt_.insert(digest); });
  }
  // The next upload breaks off after about so many bytes.
  void CutNextUploadAfter(int64_t bytes) {
    Locked([&] { cut_after_ = bytes; });
  }
  // The next `count` uploads are refused with `code`.
  void RefuseUploads(int count, grpc::StatusCode code) {
    Locked([&] {
      refusals_ = count;
      refusal_ = code;
    });
  }
  // Uploads begin and then stand still until this is called with false.
  void HoldUploads(bool hold) {
    Locked([&] { hold_uploads_ = hold; });
  }
  int held_uploads() { return Copy(held_uploads_); }
  void set_lease_term(absl::Duration term) {
    Locked([&] { lease_term_ = term; });
  }

  std::string Put(const std::string& bytes);
  std::string Artifact(const std::string& digest);
  std::vector<v1::SyncRequest> syncs() { return Copy(syncs_); }
  std::vector<v1::JobReport> accepted() { return Copy(accepted_); }
  // Connections, by the worker's end of them.
  std::set<std::string> sync_peers() { return Copy(sync_peers_); }
  std::set<std::string> upload_peers() { return Copy(upload_peers_); }
  std::vector<int64_t> upload_offsets() { return Copy(upload_offsets_); }
  // The first accepted report that `matches`, waited for; fails the test after a minute.
  v1::JobReport WaitForReport(const std::function<bool(const v1::JobReport&)>& matches);
  // Whether `condition` on this coordinator came true within a minute.
  bool WaitUntil(const std::function<bool()>& condition);
  bool Holds(const std::string& job);  // by the last Sync
  v1::Progress ProgressOf(const std::string& job);

  grpc::Status Sync(grpc::ServerContext* context, const v1::SyncRequest* request,
                    v1::SyncResponse* response) override;
  grpc::Status GetUpload(grpc::ServerContext* context, const v1::GetUploadRequest* request,
                         v1::GetUploadResponse* response) override;
  grpc::Status UploadArtifact(grpc::ServerContext* context,
                              grpc::ServerReader<v1::UploadArtifactRequest>* reader,
                              v1::UploadArtifactResponse* response) override;
  grpc::Status DownloadArtifact(grpc::ServerContext* context,
                                const v1::DownloadArtifactRequest* request,
                                grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) override;

 private:
  void Locked(const std::function<void()>& change) {
    std::lock_guard lock(mutex_);
    change();
  }
  template <typename T>
  T Copy(const T& value) {
    std::lock_guard lock(mutex_);
    return value;
  }
  void Answer(const v1::SyncRequest& request, v1::SyncResponse& response);

  std::mutex mutex_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  absl::Duration lease_term_ = absl::Seconds(10);
  std::deque<v1::Lease> waiting_;
  std::map<std::string, uint64_t> active_;  // job to attempt
  std::set<std::string> corrupt_;
  bool drain_ = false, lose_response_ = false, hold_uploads_ = false;
  int held_uploads_ = 0;
  std::set<std::string> sync_peers_, upload_peers_;
  int64_t cut_after_ = -1;
  int refusals_ = 0;
  grpc::StatusCode refusal_ = grpc::StatusCode::OK;
  std::map<std::string, v1::SyncResponse> answers_;  // by request id
  std::map<std::string, std::string> artifacts_, partial_;
  std::vector<v1::SyncRequest> syncs_;
  std::vector<v1::JobReport> accepted_;
  std::vector<int64_t> upload_offsets_;
};

}  // namespace rnnfarm::worker

#endif  // RNNFARM_TESTS_WORKER_RUNTIME_FAKE_COORDINATOR_H_
