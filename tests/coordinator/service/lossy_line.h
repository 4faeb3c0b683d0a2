// A channel that loses what it is told to lose of the next call: the request, so that the
// coordinator never sees it, or the response, when the coordinator has done it already. The caller
// sees UNAVAILABLE both times.
#ifndef RNNFARM_TESTS_COORDINATOR_SERVICE_LOSSY_LINE_H_
#define RNNFARM_TESTS_COORDINATOR_SERVICE_LOSSY_LINE_H_

#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_interceptor.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rnnfarm::service {

enum class Loss { kNone, kRequest, kResponse };

class LossyLine {
 public:
  explicit LossyLine(const std::string& address) {
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
    factories.push_back(std::make_unique<Factory>(next_));
    channel_ = grpc::experimental::CreateCustomChannelWithInterceptors(
        address, grpc::InsecureChannelCredentials(), {}, std::move(factories));
  }

  void LoseNext(Loss loss) { next_ = loss; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

 private:
  using Hook = grpc::experimental::InterceptionHookPoints;

  class Loser : public grpc::experimental::Interceptor {
   public:
    explicit Loser(Loss loss) : loss_(loss) {}

    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      const grpc::Status lost(grpc::StatusCode::UNAVAILABLE, "lost on the line");
      if (loss_ == Loss::kResponse && methods->QueryInterceptionHookPoint(Hook::POST_RECV_STATUS)) {
        *methods->GetRecvStatus() = lost;
      }
      if (loss_ != Loss::kRequest) return methods->Proceed();
      if (methods->QueryInterceptionHookPoint(Hook::PRE_RECV_MESSAGE)) {
        methods->FailHijackedRecvMessage();
      }
      if (methods->QueryInterceptionHookPoint(Hook::PRE_RECV_STATUS)) {
        *methods->GetRecvStatus() = lost;
      }
      const bool begins = methods->QueryInterceptionHookPoint(Hook::PRE_SEND_INITIAL_METADATA);
      if (begins) return methods->Hijack();
      methods->Proceed();
    }

   private:
    const Loss loss_;
  };

  class Factory : public grpc::experimental::ClientInterceptorFactoryInterface {
   public:
    explicit Factory(std::atomic<Loss>& next) : next_(next) {}
    grpc::experimental::Interceptor* CreateClientInterceptor(
        grpc::experimental::ClientRpcInfo*) override {
      return new Loser(next_.exchange(Loss::kNone));
    }

   private:
    std::atomic<Loss>& next_;
  };

  std::atomic<Loss> next_{Loss::kNone};
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace rnnfarm::service

#endif  // RNNFARM_TESTS_COORDINATOR_SERVICE_LOSSY_LINE_H_
