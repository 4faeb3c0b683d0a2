#include "coordinator/comparison/result_files.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "analysis/metric_registry.h"
#include "base/array_file.h"
#include "coordinator/comparison/json_writer.h"

namespace rnnfarm::comparison {
namespace {

constexpr int kMinCompared = 2;

std::vector<int> Included(const std::vector<v1::Network>& networks) {
  std::vector<int> out;
  for (int i = 0; i < static_cast<int>(networks.size()); ++i) {
    if (networks[i].included()) out.push_back(i);
  }
  return out;
}

// A field of a comma-separated file (RFC 4180).
std::string Field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

std::string IndexFile(const std::vector<v1::Network>& networks, const std::vector<int>& rows) {
  std::string out = "row,key,architecture,activation,units,l2,seed,untrained\n";
  int row = 0;
  for (int index : rows) {
    const v1::Network& network = networks[index];
    absl::StrAppend(&out, row++, ",", Field(network.key()), ",", Field(network.architecture()), ",",
                    Field(network.activation()), ",", network.units(), ",",
                    ShortestText(network.l2()), ",");
    absl::StrAppend(&out, network.seed(), ",", network.untrained() ? "true" : "false", "\n");
  }
  return out;
}

std::string MatrixFile(const analysis::Matrix& distances) {
  const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> values =
      distances.cast<float>();
  return base::EncodeNpy(base::Array::Of<float>({values.rows(), values.cols()},
                                                absl::MakeConstSpan(values.data(), values.size())));
}

std::string AxisName(Eigen::Index axis) {
  return axis == 0 ? "x" : axis == 1 ? "y" : absl::StrCat("x", axis + 1);
}

std::string EmbeddingFile(const std::vector<v1::Network>& networks, const std::vector<int>& rows,
                          const analysis::Matrix& points) {
  std::string out = "key";
  for (Eigen::Index k = 0; k < points.cols(); ++k) absl::StrAppend(&out, ",", AxisName(k));
  out += "\n";
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    out += Field(networks[rows[i]].key());
    for (Eigen::Index k = 0; k < points.cols(); ++k) {
      absl::StrAppend(&out, ",", ShortestText(points(i, k)));
    }
    out += "\n";
  }
  return out;
}

void WriteExclusion(const std::string& key, const std::string& reason, JsonWriter& json) {
  json.BeginObject().Key("key").String(key).Key("reason").String(reason).EndObject();
}

void WriteSeparations(const Separations& separations, JsonWriter& json) {
  json.Key("labelled_networks").Integer(separations.networks);
  json.Key("labels").BeginObject();
  for (const auto& [label, separation] : separations.labels) {
    json.Key(label).BeginObject();
    json.Key("groups").Integer(separation.groups);
    json.Key("silhouette").Number(separation.silhouette);
    json.Key("neighbour_accuracy").Number(separation.neighbour_accuracy);
    json.Key("neighbour_chance").Number(separation.neighbour_chance);
    json.Key("pseudo_f").Number(separation.pseudo_f);
    json.Key("r_squared").Number(separation.r_squared);
    json.Key("p_value").Number(separation.p_value);
    json.EndObject();
  }
  json.EndObject();
}

void WriteFloor(const std::optional<Floor>& floor, JsonWriter& json) {
  json.Key("noise_floor");
  if (!floor) {
    json.Number(std::nullopt);
    return;
  }
  json.BeginObject().Key("of").String(floor->of);
  json.Key("networks").Integer(floor->noise.networks);
  if (floor->noise.pairs > 0) json.Key("pairs").Integer(floor->noise.pairs);
  json.Key("mean").Number(floor->noise.mean);
  json.Key("largest").Number(floor->noise.largest).EndObject();
}

void WriteControls(const std::optional<analysis::Controls>& controls, JsonWriter& json) {
  json.Key("controls");
  if (!controls) {
    json.Number(std::nullopt);
    return;
  }
  json.BeginObject().Key("trained").Integer(controls->trained);
  json.Key("untrained").Integer(controls->untrained);
  json.Key("within_trained").Number(controls->within_trained);
  json.Key("trained_untrained").Number(controls->trained_untrained);
  json.Key("within_untrained").Number(controls->within_untrained);
  json.Key("own_control").Number(controls->own_control);
  json.Key("nearest_untrained").Number(controls->nearest_untrained);
  json.Key("accuracy").Number(controls->accuracy);
  json.Key("chance").Number(controls->chance);
  json.Key("silhouette").Number(controls->silhouette).EndObject();
}

void WriteMetric(const TaskResult& task, const MetricResult& metric, JsonWriter& json) {
  const MetricDistances& distances = metric.distances;
  json.Key(metric.settings.name).BeginObject();
  json.Key("settings").BeginObject();
  for (const auto& [name, value] : metric.settings.settings) json.Key(name).Number(value);
  json.EndObject();
  json.Key("networks").Integer(static_cast<int64_t>(distances.rows.size()));
  const auto kind = analysis::FindMetric(metric.settings.name);
  const bool of_states = kind.ok() && (*kind)->input == analysis::MetricInput::kStates;
  json.Key(of_states ? "samples" : "nodes");
  // Where it need not be the same, there is no number for all.
  json.Number(distances.extent > 0 ? std::optional<double>(distances.extent) : std::nullopt);
  json.Key("excluded").BeginArray();
  for (const LeftOut& left_out : distances.left_out) {
    WriteExclusion(task.networks[left_out.network].key(), left_out.reason, json);
  }
  json.EndArray();
  if (metric.embedding) {
    json.Key("stress1").Number(metric.embedding->stress1);
    json.Key("shepard").Number(metric.embedding->shepard_correlation);
    json.Key("mds_iterations").Integer(metric.embedding->iterations);
  } else {
    json.Key("reason").String(absl::StrCat(distances.rows.size(),
                                           " networks can be compared, at least ", kMinCompared,
                                           " are needed for a distance"));
  }
  if (metric.separations) {
    WriteSeparations(*metric.separations, json);
    WriteFloor(metric.floor, json);
    WriteControls(metric.controls, json);
  }
  json.EndObject();
}

std::string StatisticsFile(const TaskResult& task) {
  JsonWriter json;
  json.BeginObject();
  json.Key("task").String(task.task);
  json.Key("networks").Integer(static_cast<int64_t>(Included(task.networks).size()));
  json.Key("excluded").BeginArray();
  for (const auto& [key, reason] : task.apart) WriteExclusion(key, reason, json);
  json.EndArray();
  json.Key("mds").BeginObject();
  json.Key("dims").Integer(task.mds.dims);
  json.Key("max_iterations").Integer(task.mds.max_iterations);
  json.EndObject();
  json.Key("permutations").Integer(analysis::kDefaultPermutations);
  json.Key("metrics").BeginObject();
  for (const MetricResult& metric : task.metrics) WriteMetric(task, metric, json);
  json.EndObject();
  json.Key("mantel").BeginArray();
  for (const MetricAgreement& pair : task.agreements) {
    json.BeginObject();
    json.Key("metrics").BeginArray().String(pair.first).String(pair.second).EndArray();
    json.Key("networks").Integer(pair.agreement.networks);
    json.Key("correlation").Number(pair.agreement.mantel.correlation);
    json.Key("p_value").Number(pair.agreement.mantel.p_value);
    json.EndObject();
  }
  json.EndArray();
  return json.EndObject().Finish();
}

}  // namespace

std::map<std::string, std::string> ResultFiles(const TaskResult& result) {
  std::map<std::string, std::string> files;
  const std::string distances = result.task + "/distances/";
  const std::string embeddings = result.task + "/embeddings/";
  const std::vector<int> all = Included(result.networks);
  files[distances + "index.csv"] = IndexFile(result.networks, all);
  files[result.task + "/statistics.json"] = StatisticsFile(result);
  for (const MetricResult& metric : result.metrics) {
    if (!metric.embedding) continue;
    const std::string& name = metric.settings.name;
    const std::vector<int>& rows = metric.distances.rows;
    files[distances + name + ".npy"] = MatrixFile(metric.distances.distances);
    if (rows != all) {
      files[distances + name + "_index.csv"] = IndexFile(result.networks, rows);
    }
    files[embeddings + name + ".csv"] =
        EmbeddingFile(result.networks, rows, metric.embedding->points);
  }
  return files;
}

}  // namespace rnnfarm::comparison
