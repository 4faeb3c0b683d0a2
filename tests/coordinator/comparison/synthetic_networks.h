// Networks with made-up artifacts, for the tests of the comparison.
#ifndef RNNFARM_TESTS_COORDINATOR_COMPARISON_SYNTHETIC_NETWORKS_H_
#define RNNFARM_TESTS_COORDINATOR_COMPARISON_SYNTHETIC_NETWORKS_H_

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/array_file.h"
#include "base/digest.h"
#include "base/random_stream.h"
#include "rnnfarm/v1/population.pb.h"

namespace rnnfarm::comparison {

class SyntheticNetworks {
 public:
  // A network of architecture "gru" or "vanilla", …, with states of (trials, 10, units) and a graph
  // of `nodes` nodes.
  v1::Network& Add(const std::string& architecture, int seed, int nodes = 4, int trials = 6,
                   int units = 5) {
    v1::Network& network = networks_.emplace_back();
    network.set_architecture(architecture);
    network.set_activation("tanh");
    network.set_units(units);
    network.set_l2(1e-5);
    network.set_seed(seed);
    network.set_configuration(absl::StrCat("flipflop-", architecture, "-tanh"));
    network.set_key(absl::StrCat(network.configuration(), "-s", seed));
    network.set_included(true);
    SetFile(network, "states", States(architecture, seed, trials, units));
    SetFile(network, "fixed_points", Graph(seed, nodes));
    return network;
  }

  void SetFile(v1::Network& network, const std::string& role, const std::string& bytes) {
    const std::string digest = base::DigestOf(bytes);
    files_[digest] = bytes;
    (*network.mutable_artifacts())[role] = digest;
  }

  absl::StatusOr<std::string> Read(const std::string& digest) {
    ++reads_;
    const auto found = files_.find(digest);
    if (found == files_.end()) return absl::NotFoundError(absl::StrCat("no artifact ", digest));
    return found->second;
  }

  std::vector<v1::Network>& networks() { return networks_; }
  int reads() const { return reads_; }

 private:
  // What every network of an architecture shares, plus noise of its own.
  static std::string States(const std::string& architecture, int seed, int trials, int units) {
    base::RandomStream shared(base::DeriveStream(1, architecture, "states"));
    base::RandomStream own(base::DeriveStream(2, architecture, "states"), seed);
    std::vector<float> values(trials * 10 * units);
    std::generate(values.begin(), values.end(),
                  [&] { return static_cast<float>(shared.Normal() + 0.3 * own.Normal()); });
    return base::EncodeNpy(base::Array::Of<float>({trials, 10, units}, values));
  }

  static std::string Graph(int seed, int nodes) {
    base::RandomStream stream(base::DeriveStream(3, "graph", ""), seed);
    std::vector<double> values(nodes * nodes);
    std::generate(values.begin(), values.end(), [&] { return stream.Uniform(); });
    base::Archive archive;
    archive.Add("transitions", base::Array::Of<double>({nodes, nodes}, values));
    return archive.Encode().value();
  }

  std::vector<v1::Network> networks_;
  std::map<std::string, std::string> files_;
  int reads_ = 0;
};

}  // namespace rnnfarm::comparison

#endif  // RNNFARM_TESTS_COORDINATOR_COMPARISON_SYNTHETIC_NETWORKS_H_
