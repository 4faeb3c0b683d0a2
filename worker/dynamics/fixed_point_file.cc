#include "worker/dynamics/fixed_point_file.h"

#include <algorithm>
#include <complex>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rnnfarm::dynamics {

namespace {

using base::Array;
using torch::Tensor;

template <typename T>
void Append(const Tensor& tensor, std::vector<T>& out) {
  const Tensor dense = tensor.contiguous();
  const T* first = reinterpret_cast<const T*>(dense.data_ptr());
  out.insert(out.end(), first, first + dense.numel());
}

// One array with a row of `shape` for each point, filled by `append(point, values)`.
template <typename T, typename Fill>
Array Rows(const std::vector<FixedPoint>& points, std::vector<int64_t> shape, Fill append) {
  std::vector<T> values;
  for (const FixedPoint& point : points) append(point, values);
  shape.insert(shape.begin(), static_cast<int64_t>(points.size()));
  return Array::Of<T>(std::move(shape), values);
}

template <typename T, typename Value>
Array Column(const std::vector<FixedPoint>& points, Value value) {
  return Rows<T>(points, {}, [&](const FixedPoint& point, std::vector<T>& out) {
    out.push_back(static_cast<T>(value(point)));
  });
}

template <typename Value>
Array Flags(const std::vector<FixedPoint>& points, Value value) {
  // std::vector<bool> has no contiguous elements.
  const auto flags = std::make_unique<bool[]>(points.size());
  for (size_t i = 0; i < points.size(); ++i) flags[i] = value(points[i]);
  return Array::Of<bool>({static_cast<int64_t>(points.size())},
                         absl::MakeConstSpan(flags.get(), points.size()));
}

absl::string_view TrueOrFalse(bool value) { return value ? "true" : "false"; }

std::string SettingsJson(const Settings& s) {
  return absl::StrCat(
      R"({"starts": )", s.starts, R"(, "rounds": )", s.rounds, R"(, "start_noise": )",
      s.start_noise, R"(, "tolerance": )", s.tolerance, R"(, "slow_tolerance": )", s.slow_tolerance,
      R"(, "merge_distance": )", s.merge_distance, R"(, "max_iterations": )", s.max_iterations,
      R"(, "graph_runs": )", s.graph_runs, R"(, "graph_epsilon": )", s.graph_epsilon, "}");
}

std::string SummaryJson(const ConditionSummary& s) {
  const auto pair = [](std::string* out, const auto& entry) {
    absl::StrAppend(out, "\"", entry.first, "\": ", entry.second);
  };
  return absl::StrCat(R"({"condition": )", s.condition, R"(, "by_index": [)",
                      absl::StrJoin(s.by_index, ", "), R"(], "index_sum": )", s.index_sum,
                      R"(, "certified": )", TrueOrFalse(s.certified), R"(, "verdict": ")",
                      Name(s.verdict), "\"", R"(, "starts": )", s.starts, R"(, "converged": )",
                      s.converged, R"(, "unique": )", s.unique, R"(, "rejected": {)",
                      absl::StrJoin(s.rejected, ", ", pair), R"(}, "estimated_unseen": )",
                      s.estimated_unseen, R"(, "largest_q": )", s.largest_q, "}");
}

std::string MetaJson(const rnn::CellSpec& spec, absl::string_view graph_kind,
                     const Settings& settings, const std::vector<ConditionSummary>& conditions) {
  const auto summary = [](std::string* out, const ConditionSummary& s) {
    out->append(SummaryJson(s));
  };
  return absl::StrCat(R"({"architecture": ")", rnn::Name(spec.architecture),
                      R"(", "activation": ")", rnn::Name(spec.activation), R"(", "units": )",
                      spec.units, R"(, "graph": ")", graph_kind, R"(", "settings": )",
                      SettingsJson(settings), R"(, "conditions": [)",
                      absl::StrJoin(conditions, ", ", summary), "]}");
}

void AddLinearMaps(const rnn::CellSpec& spec, const std::vector<FixedPoint>& points,
                   base::Archive& archive) {
  using Complex = std::complex<double>;
  const int64_t s = spec.state_size();
  archive.Add("J_xstar", Rows<double>(points, {s, s}, [](const FixedPoint& p, auto& out) {
                Append(p.map.jacobian, out);
              }));
  archive.Add("dFdx", Rows<double>(points, {s, spec.inputs}, [](const FixedPoint& p, auto& out) {
                Append(p.map.input_gain, out);
              }));
  archive.Add("eigval_J_xstar", Rows<Complex>(points, {s}, [](const FixedPoint& p, auto& out) {
                out.insert(out.end(), p.map.spectrum.values.begin(), p.map.spectrum.values.end());
              }));
  archive.Add("eigvec_J_xstar", Rows<Complex>(points, {s, s}, [](const FixedPoint& p, auto& out) {
                Append(p.map.spectrum.vectors, out);
              }));
  archive.Add("left_eigvec_J_xstar",
              Rows<Complex>(points, {s, s}, [](const FixedPoint& p, auto& out) {
                Append(p.map.spectrum.left, out);
              }));
  archive.Add("eigval_condition", Rows<double>(points, {s}, [](const FixedPoint& p, auto& out) {
                const std::vector<double>& condition = p.map.spectrum.condition;
                out.insert(out.end(), condition.begin(), condition.end());
              }));
  const auto add_modes = [&](const char* name, double (*of)(Complex)) {
    archive.Add(name, Rows<double>(points, {s}, [of](const FixedPoint& p, auto& out) {
                  for (const Complex& value : p.map.spectrum.values) out.push_back(of(value));
                }));
  };
  add_modes("time_constant", TimeConstant);
  add_modes("frequency", Frequency);
}

void AddColumns(const rnn::CellSpec& spec, const std::vector<FixedPoint>& points,
                base::Archive& archive) {
  archive.Add("is_stable", Flags(points, [](const FixedPoint& p) { return p.map.unstable == 0; }));
  archive.Add("cond_id", Column<int64_t>(points, [](const FixedPoint& p) { return p.condition; }));
  archive.Add("n_unstable",
              Column<int64_t>(points, [](const FixedPoint& p) { return p.map.unstable; }));
  archive.Add("index", Column<int64_t>(points, [](const FixedPoint& p) { return p.map.index; }));
  archive.Add("hits", Column<int64_t>(points, [](const FixedPoint& p) { return p.hits; }));
  archive.Add("readout", Rows<double>(points, {spec.outputs}, [](const FixedPoint& p, auto& out) {
                out.insert(out.end(), p.readout.begin(), p.readout.end());
              }));
  archive.Add("is_slow", Flags(points, [](const FixedPoint& p) { return p.slow; }));
}

}  // namespace

base::Archive FixedPointArchive(const rnn::CellSpec& spec, const std::vector<FixedPoint>& points,
                                const Graph& graph, absl::string_view graph_kind,
                                const Settings& settings,
                                const std::vector<ConditionSummary>& conditions) {
  base::Archive archive;
  archive.Add("xstar", Rows<double>(points, {spec.state_size()},
                                    [](const FixedPoint& p, auto& out) { Append(p.state, out); }));
  archive.Add("inputs", Rows<double>(points, {spec.inputs},
                                     [](const FixedPoint& p, auto& out) { Append(p.input, out); }));
  archive.Add("qstar", Column<double>(points, [](const FixedPoint& p) { return p.q; }));
  AddLinearMaps(spec, points, archive);
  AddColumns(spec, points, archive);
  const int64_t nodes = static_cast<int64_t>(graph.nodes.size());
  archive.Add("transitions", Array::Of<double>({nodes, nodes}, graph.adjacency));
  archive.Add("transitions_lost", Array::Of<double>({nodes}, graph.lost));
  archive.Add("node_point", Array::Of<int64_t>({nodes}, graph.nodes));
  archive.Add("meta", Array::Text(MetaJson(spec, graph_kind, settings, conditions)));
  return archive;
}

}  // namespace rnnfarm::dynamics
