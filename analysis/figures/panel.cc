#include "analysis/figures/panel.h"

#include <cmath>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace rnnfarm::figures {
namespace {

constexpr absl::string_view kArchitectures[] = {"vanilla", "ugrnn", "gru", "lstm", "leaky"};
constexpr absl::string_view kActivations[] = {"relu", "tanh"};

template <size_t N>
int Rank(const absl::string_view (&names)[N], absl::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<int>(i);
  }
  return static_cast<int>(N);
}

}  // namespace

std::string TaskPlace::Id(absl::string_view name) const {
  return absl::StrCat("task-", number, "-", name);
}

std::string TaskPlace::Label(absl::string_view flip_flop, absl::string_view sine_wave,
                             absl::string_view context_integration) const {
  const auto label = [](absl::string_view figure, absl::string_view letter) {
    return letter.empty() ? std::string() : absl::StrCat(figure, letter);
  };
  if (kind == "flip_flop") return label("1", flip_flop);
  if (kind == "sine_wave") return label("2", sine_wave);
  if (kind == "context_integration") return label("3", context_integration);
  return "";
}

std::string PythonString(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

int ArchitectureRank(absl::string_view architecture) { return Rank(kArchitectures, architecture); }

int ActivationRank(absl::string_view activation) { return Rank(kActivations, activation); }

bool StandsBefore(const Network& a, const Network& b) {
  const auto place = [](const Network& n) {
    return std::make_tuple(ArchitectureRank(n.architecture), absl::string_view(n.architecture),
                           ActivationRank(n.activation), absl::string_view(n.activation),
                           n.untrained);
  };
  const auto number = [](double v) { return std::isnan(v) ? -1.0 : v; };  // NaN has no order
  const auto within = [&](const Network& n) {
    return std::make_tuple(number(n.units), number(n.l2), number(n.seed), absl::string_view(n.key));
  };
  if (place(a) != place(b)) return place(a) < place(b);
  return within(a) < within(b);
}

}  // namespace rnnfarm::figures
