// Pages for probes and for Prometheus, read-only and in plain text: /metrics, /healthz, and / that
// names the two.
//
//   http::Pages pages;
//   pages.metrics = [&server] { return server.CollectMetrics(); };
//   pages.health = [&server] { return server.Health(); };
//   auto http = http::HttpServer::Start("127.0.0.1:8080", std::move(pages));   // until it is
//   deleted
//
// GET and HEAD only. Both functions are called by the server's threads, several at a time.
#ifndef RNNFARM_COORDINATOR_HTTP_HTTP_SERVER_H_
#define RNNFARM_COORDINATOR_HTTP_HTTP_SERVER_H_

#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct mg_connection;
struct mg_context;

namespace rnnfarm::http {

struct Pages {
  // Shown with those of the process.
  std::function<std::vector<prometheus::MetricFamily>()> metrics;
  // OK, or why the coordinator does not serve.
  std::function<absl::Status()> health;
};

class HttpServer {
 public:
  // `listen`: HOST:PORT; port 0 takes a free one. Who may reach it is the caller's to decide.
  // INVALID_ARGUMENT for another form, UNAVAILABLE if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& listen, Pages pages);
  // Waits for the requests under way.
  ~HttpServer();

  int port() const;

 private:
  explicit HttpServer(Pages pages) : pages_(std::move(pages)) {}
  static int Handle(mg_connection* connection);

  const Pages pages_;
  mg_context* context_ = nullptr;
};

}  // namespace rnnfarm::http

#endif  // RNNFARM_COORDINATOR_HTTP_HTTP_SERVER_H_
