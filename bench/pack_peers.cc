#include "bench/pack_peers.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bench/train_pack.h"

namespace rnnfarm::bench {

namespace {

constexpr char kScript[] = "train_population.py";
constexpr char kTorch[] = "torch", kJax[] = "jax";

absl::StatusOr<double> Number(const std::string& answer) {
  const std::pair<std::string, std::string> words = absl::StrSplit(answer, absl::MaxSplits(' ', 1));
  double number = 0;
  if (absl::SimpleAtod(words.first, &number) && number > 0) return number;
  if (answer == "memory") return absl::ResourceExhaustedError("the memory is too small");
  return absl::InternalError(absl::StrCat("Python answered \"", answer, "\""));
}

}  // namespace

PackPeers::PackPeers(Options options) : options_(std::move(options)) {
  Find(kTorch, {"loop", "bmm", "graph"});
  Find(kJax, {"jax"});
}

void PackPeers::Find(const std::string& library, const std::vector<std::string>& names) {
  const absl::StatusOr<std::string> answer = Ask(library, "forms");
  if (!answer.ok()) {
    for (const std::string& name : names) {
      forms_.push_back({name, library, std::string(answer.status().message())});
    }
    return;
  }
  for (const std::string& form : std::vector<std::string>(absl::StrSplit(*answer, ';'))) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(form, absl::MaxSplits('=', 1));
    forms_.push_back({parts.first, library, parts.second});
  }
  versions_.push_back((library == kJax ? jax_ : torch_)->version());
  if (library == kJax) jax_.reset();
}

absl::StatusOr<TorchChild*> PackPeers::Child(const std::string& library) {
  std::unique_ptr<TorchChild>& child = library == kJax ? jax_ : torch_;
  if (child != nullptr) return child.get();
  if (options_.python.empty()) return absl::UnavailableError("--no-torch");
  absl::StatusOr<std::unique_ptr<TorchChild>> started =
      TorchChild::Start(options_.python,
                        {kScript, library, options_.on_device ? "cuda" : "cpu",
                         std::string(Name(options_.precision)), options_.quick ? "quick" : "full"},
                        Threads());
  if (!started.ok()) return started.status();
  child = *std::move(started);
  return child.get();
}

absl::StatusOr<std::string> PackPeers::Ask(const std::string& library, const std::string& request) {
  const absl::StatusOr<TorchChild*> child = Child(library);
  if (!child.ok()) return child.status();
  absl::StatusOr<std::string> answer = (*child)->Ask(request);
  if (!answer.ok() || *answer == "memory") (library == kJax ? jax_ : torch_).reset();
  return answer;
}

absl::StatusOr<double> PackPeers::Peak(const std::string& precision) {
  const absl::StatusOr<std::string> answer = Ask(kTorch, absl::StrCat("peak ", precision));
  if (!answer.ok()) return answer.status();
  if (*answer == "none") return absl::UnavailableError(absl::StrCat("no units for ", precision));
  return Number(*answer);
}

absl::StatusOr<Peer> PackPeers::ForCheck(const PackForm& form) {
  const absl::StatusOr<TorchChild*> child = Child(form.library);
  if (!child.ok()) return child.status();
  return Peer{*child, form.name};
}

absl::StatusOr<PackPeers::Prepared> PackPeers::Prepare(const PackForm& form,
                                                       const rnn::CellSpec& cell, int networks) {
  const absl::StatusOr<std::string> answer =
      Ask(form.library, absl::StrCat("prepare ", form.name, " ", rnn::Name(cell.architecture), " ",
                                     rnn::Name(cell.activation), " ", cell.units, " ", networks));
  if (!answer.ok()) return answer.status();
  const absl::StatusOr<double> seconds = Number(*answer);
  if (!seconds.ok()) return seconds.status();
  const size_t space = answer->find(' ');
  return Prepared{*seconds, space == std::string::npos ? "" : answer->substr(space + 1)};
}

absl::StatusOr<double> PackPeers::Time(const PackForm& form, int64_t iterations) {
  const absl::StatusOr<std::string> answer = Ask(form.library, absl::StrCat("time ", iterations));
  if (!answer.ok()) return answer.status();
  return Number(*answer);
}

// JAX gives memory back at its end alone.
void PackPeers::Release(const PackForm& form) {
  if (form.library == kJax) {
    End(form);
  } else if (torch_ != nullptr) {
    Ask(kTorch, "release").IgnoreError();
  }
}

void PackPeers::End(const PackForm& form) { (form.library == kJax ? jax_ : torch_).reset(); }

}  // namespace rnnfarm::bench
