#include "coordinator/http/http_server.h"

#include <civetweb.h>
#include <glog/logging.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "coordinator/http/process_metrics.h"

namespace rnnfarm::http {
namespace {

constexpr char kThreads[] = "4";
// Of a request that does not come in full; it holds a thread for so long.
constexpr char kRequestTimeoutMs[] = "5000";
constexpr int kLargestPort = 65535;

constexpr char kText[] = "text/plain; charset=utf-8";
// The format that Prometheus calls 0.0.4.
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";

struct Answer {
  int code = 200;
  const char* reason = "OK";
  const char* type = kText;
  std::string body;
};

Answer Answered(absl::string_view path, const Pages& pages) {
  if (path == "/") {
    return {200, "OK", kText, "/metrics  figures for Prometheus\n/healthz  whether it serves\n"};
  }
  if (path == "/metrics") {
    std::vector<prometheus::MetricFamily> families = pages.metrics();
    for (prometheus::MetricFamily& family : ProcessMetrics()) {
      families.push_back(std::move(family));
    }
    return {200, "OK", kMetricsText, prometheus::TextSerializer().Serialize(families)};
  }
  if (path == "/healthz") {
    const absl::Status health = pages.health();
    if (health.ok()) return {200, "OK", kText, "ok\n"};
    return {503, "Service Unavailable", kText, absl::StrCat(health.message(), "\n")};
  }
  return {404, "Not Found", kText, "there are /metrics and /healthz\n"};
}

void Send(mg_connection* connection, const Answer& answer, bool with_body) {
  std::string text = absl::StrCat(
      "HTTP/1.1 ", answer.code, " ", answer.reason, "\r\nContent-Type: ", answer.type,
      "\r\nContent-Length: ", answer.body.size(),
      "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n",
      answer.code == 405 ? "Allow: GET, HEAD\r\n" : "", "\r\n");
  if (with_body) text += answer.body;
  mg_write(connection, text.data(), text.size());
}

// What civetweb takes says more: lists of addresses, TLS, a port alone for every interface.
absl::Status CheckListen(absl::string_view listen) {
  const size_t colon = listen.rfind(':');
  int port = -1;
  const bool sound =
      colon != absl::string_view::npos && colon > 0 &&
      absl::SimpleAtoi(listen.substr(colon + 1), &port) && port >= 0 && port <= kLargestPort &&
      listen.substr(colon + 1).find_first_not_of("0123456789") == absl::string_view::npos &&
      listen.find_first_of(", +") == absl::string_view::npos;
  if (sound) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("http: \"", listen, "\" is not host:port with a port from 0 (a free one) to ",
                   kLargestPort, "; give for example 127.0.0.1:8080"));
}

int Log(const mg_connection*, const char* message) {
  LOG(WARNING) << "http: " << message;
  return 1;
}

}  // namespace

int HttpServer::Handle(mg_connection* connection) {
  const mg_request_info& request = *mg_get_request_info(connection);
  const auto& server = *static_cast<const HttpServer*>(request.user_data);
  const absl::string_view method = request.request_method;
  Answer answer;
  if (method == "GET" || method == "HEAD") {
    answer = Answered(request.local_uri == nullptr ? "" : request.local_uri, server.pages_);
  } else {
    answer = {405, "Method Not Allowed", kText, "GET and HEAD only\n"};
  }
  Send(connection, answer, method != "HEAD");
  return answer.code;
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen,
                                                              Pages pages) {
  if (auto status = CheckListen(listen); !status.ok()) return status;
  auto server = absl::WrapUnique(new HttpServer(std::move(pages)));
  // No document_root: there are no files to be had.
  const char* options[] = {"listening_ports",    listen.c_str(),    "num_threads", kThreads,
                           "request_timeout_ms", kRequestTimeoutMs, nullptr};
  mg_callbacks callbacks = {};
  callbacks.begin_request = &HttpServer::Handle;
  callbacks.log_message = Log;
  server->context_ = mg_start(&callbacks, server.get(), options);
  if (server->context_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve http on ", listen,
                     "; is another program listening there? Give another address"));
  }
  return server;
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
}

int HttpServer::port() const {
  mg_server_port port = {};
  return mg_get_server_ports(context_, 1, &port) == 1 ? port.port : 0;
}

}  // namespace rnnfarm::http
