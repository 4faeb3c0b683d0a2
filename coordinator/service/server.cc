#include "coordinator/service/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/channel.h"
#include "coordinator/service/artifact_service.h"
#include "coordinator/service/call_metrics.h"
#include "coordinator/service/comparison_runner.h"
#include "coordinator/service/farm_gauges.h"
#include "coordinator/service/farm_service.h"
#include "coordinator/service/health_service.h"
#include "coordinator/service/ledger.h"
#include "coordinator/service/worker_service.h"

namespace rnnfarm::service {
namespace {

// Threads of gRPC's pool at most; each transfer under way takes one.
constexpr int kMaxThreads = 512;
// Calls still running after this are cut.
constexpr absl::Duration kShutdownGrace = absl::Seconds(5);
// Below, a heartbeat that is late once costs the lease; above, a dead worker's jobs stand still.
constexpr absl::Duration kShortestLease = absl::Seconds(1);
constexpr absl::Duration kLongestLease = absl::Hours(24);

// gRPC's own health service would hide ours.
void PrepareGrpc() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(false);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

void Configure(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(base::kMaxMessageBytes);
  builder.SetMaxSendMessageSize(base::kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, base::kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, base::kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             base::kKeepaliveServerMinimumMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, base::kMaxStreamsPerConnection);
  // Connections that say nothing, or nothing sensible.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, base::kHandshakeTimeoutMs);
  // Otherwise two coordinators could listen on one port and share its calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetResourceQuota(grpc::ResourceQuota("coordinator").SetMaxThreads(kMaxThreads));
}

// Host and port, or "unix:" and a path.
absl::Status CheckListen(const std::string& listen) {
  if (absl::StartsWith(listen, "unix:")) return absl::OkStatus();
  constexpr int kLargestPort = 65535;
  const size_t colon = listen.rfind(':');
  int number = -1;
  const bool has_port = colon != std::string::npos && colon > 0 &&
                        absl::SimpleAtoi(listen.substr(colon + 1), &number) && number >= 0 &&
                        number <= kLargestPort;
  if (has_port) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("listen: \"", listen, "\" is not host:port with a port from 0 (a free one) to ",
                   kLargestPort, "; give for example 127.0.0.1:7070"));
}

absl::Status CheckOptions(const CoordinatorServer::Options& options) {
  if (options.store.path.empty()) {
    return absl::InvalidArgumentError("store: no folder given; say where the farm's data lies");
  }
  if (auto status = CheckListen(options.listen); !status.ok()) return status;
  if (!options.insecure && !options.security.Protects() && !base::IsLoopback(options.listen)) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen: ", options.listen,
                     " can be reached from other machines, so that calls must be encrypted and "
                     "their callers known; give --tls_certificate and --tls_key with "
                     "--tls_client_ca or --tokens, listen on 127.0.0.1, or allow it with "
                     "--insecure where the network is trusted"));
  }
  if (options.scheduler.max_networks < 1) {
    return absl::InvalidArgumentError("max_networks: must be at least 1");
  }
  const absl::Duration term = options.scheduler.lease_term;
  if (term < kShortestLease || term > kLongestLease) {
    return absl::InvalidArgumentError(
        absl::StrCat("lease_term: ", absl::FormatDuration(term), " is not between ",
                     absl::FormatDuration(kShortestLease), " and ",
                     absl::FormatDuration(kLongestLease), "; 60s suits most farms"));
  }
  return Upkeep::Check(options.upkeep);
}

}  // namespace

// In the order of construction; Shutdown stops them the other way round.
struct CoordinatorServer::Parts {
  Options options;
  Metrics metrics;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Upkeep> upkeep;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<FarmService> farm;
  std::unique_ptr<WorkerService> workers;
  std::unique_ptr<ArtifactService> artifacts;
  std::unique_ptr<HealthService> health;
  std::unique_ptr<ComparisonRunner> comparisons;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  std::atomic<bool> stopped = false;
  std::mutex observing;  // keeps the ledger there while it is shown to others

  absl::Status OpenStore() {
    auto opened = store::Store::Open(options.store);
    if (!opened.ok()) return opened.status();
    store = *std::move(opened);
    Ledger::Options ledger_options;
    ledger_options.scheduler = options.scheduler;
    ledger_options.now = options.now;
    ledger_options.metrics = &metrics;
    auto started = Ledger::Open(*store, std::move(ledger_options));
    if (!started.ok()) return started.status();
    ledger = *std::move(started);
    upkeep = std::make_unique<Upkeep>(*store, options.upkeep);
    return absl::OkStatus();
  }

  absl::Status Serve() {
    auto credentials = MakeServerCredentials(options.security);
    if (!credentials.ok()) return credentials.status();
    farm = std::make_unique<FarmService>(*ledger, *store, options.scheduler.max_networks);
    workers = std::make_unique<WorkerService>(*ledger, *store);
    artifacts = std::make_unique<ArtifactService>(*store, options.transfers);
    health = std::make_unique<HealthService>(std::set<std::string>{
        v1::FarmService::service_full_name(), v1::WorkerService::service_full_name(),
        v1::ArtifactService::service_full_name()});
    PrepareGrpc();
    grpc::ServerBuilder builder;
    Configure(builder);
    builder.experimental().SetInterceptorCreators(MeasureCalls(metrics));
    builder.AddListeningPort(options.listen, *credentials, &port);
    builder.RegisterService(farm.get());
    builder.RegisterService(workers.get());
    builder.RegisterService(artifacts.get());
    builder.RegisterService(health.get());
    server = builder.BuildAndStart();
    const bool unix_socket = absl::StartsWith(options.listen, "unix:");
    if (server == nullptr || (port == 0 && !unix_socket)) {
      return absl::UnavailableError(
          absl::StrCat("cannot listen on ", options.listen,
                       "; is another program listening there? Give another address"));
    }
    const int cores = std::max(1u, std::thread::hardware_concurrency());
    ComparisonRunner::Options of_comparisons;
    of_comparisons.threads = options.comparison_threads > 0 ? options.comparison_threads : cores;
    of_comparisons.memory_bytes = options.comparison_memory_bytes;
    of_comparisons.scratch = absl::StrCat(options.store.path, "/scratch");
    comparisons = std::make_unique<ComparisonRunner>(*ledger, *store, of_comparisons);
    health->SetServing(true);
    return absl::OkStatus();
  }

  void Stop() {
    if (stopped.exchange(true)) return;
    if (health) health->Stop();
    if (workers) workers->Stop();
    if (server) {
      server->Shutdown(absl::ToChronoTime(absl::Now() + kShutdownGrace));
      server->Wait();
    }
    if (comparisons) comparisons->Stop();
    if (ledger) ledger->Stop();
    if (upkeep) upkeep->Stop();
    // The store is closed, and its lock given back, at once rather than with this object.
    server.reset();
    comparisons.reset();
    workers.reset();
    artifacts.reset();
    farm.reset();
    std::lock_guard lock(observing);
    final_failure = ledger ? ledger->failure() : absl::OkStatus();
    ledger.reset();
    upkeep.reset();
    store.reset();
  }
  absl::Status final_failure;
};

CoordinatorServer::CoordinatorServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<CoordinatorServer>> CoordinatorServer::Start(
    const Options& options) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  auto parts = std::make_unique<Parts>();
  parts->options = options;
  auto server = absl::WrapUnique(new CoordinatorServer(std::move(parts)));
  if (auto status = server->parts_->OpenStore(); !status.ok()) return status;
  if (auto status = server->parts_->Serve(); !status.ok()) return status;
  return server;
}

CoordinatorServer::~CoordinatorServer() { Shutdown(); }

int CoordinatorServer::port() const { return parts_->port; }

std::string CoordinatorServer::address() const {
  const std::string& listen = parts_->options.listen;
  if (absl::StartsWith(listen, "unix:")) return listen;
  const bool loopback = base::IsLoopback(listen);
  const std::string host = loopback ? listen.substr(0, listen.rfind(':')) : "127.0.0.1";
  return absl::StrCat(host, ":", parts_->port);
}

absl::Status CoordinatorServer::failure() const {
  return parts_->ledger ? parts_->ledger->failure() : parts_->final_failure;
}

std::vector<prometheus::MetricFamily> CoordinatorServer::CollectMetrics() const {
  std::vector<prometheus::MetricFamily> families = parts_->metrics.Collect();
  std::lock_guard lock(parts_->observing);
  if (parts_->ledger == nullptr) return families;
  for (auto& family :
       FarmGauges(*parts_->ledger, parts_->options.store.path, parts_->upkeep->last_backup())) {
    families.push_back(std::move(family));
  }
  return families;
}

absl::Status CoordinatorServer::Health() const {
  if (parts_->stopped) return absl::UnavailableError("the coordinator is shutting down");
  std::lock_guard lock(parts_->observing);
  if (parts_->ledger == nullptr) return parts_->final_failure;
  const absl::Status failure = parts_->ledger->failure();
  return failure.ok() ? parts_->store->CheckWritable() : failure;
}

void CoordinatorServer::Shutdown() { parts_->Stop(); }

}  // namespace rnnfarm::service
