#include <algorithm>
#include <cmath>

#include "base/random_stream.h"
#include "coordinator/population/population.h"

namespace rnnfarm::population {
namespace {

double DrawFrom(const v1::Range& range, base::RandomStream& stream) {
  const double u = stream.Uniform();
  if (range.log()) {
    const double low = std::log(range.min());
    const double drawn = std::exp(low + (std::log(range.max()) - low) * u);
    return std::clamp(drawn, range.min(), range.max());  // exp(log(x)) may miss x by a rounding
  }
  return range.min() + (range.max() - range.min()) * u;
}

}  // namespace

v1::Hyperparameters DrawHyperparameters(const v1::SweepSpec& resolved,
                                        absl::string_view configuration, int draw) {
  base::RandomStream stream(base::DeriveStream(resolved.base_seed(), configuration, "search"),
                            static_cast<uint64_t>(draw));
  v1::Hyperparameters drawn;
  drawn.set_learning_rate(DrawFrom(resolved.search().learning_rate(), stream));
  drawn.set_lr_decay(DrawFrom(resolved.search().lr_decay(), stream));
  drawn.set_momentum(DrawFrom(resolved.search().momentum(), stream));
  drawn.set_clip_norm(DrawFrom(resolved.search().clip_norm(), stream));
  return drawn;
}

int64_t RungIterations(int rungs, int64_t iterations, int rung) {
  const int halvings = std::max(0, rungs - 1 - rung);
  return std::max<int64_t>(1, iterations >> std::min(halvings, 62));
}

int64_t RungIterations(const v1::SweepSpec& resolved, int rung) {
  return RungIterations(resolved.search().rungs(), resolved.training().iterations(), rung);
}

int NextRungSize(int draws) { return std::max(1, draws / 2); }

}  // namespace rnnfarm::population
