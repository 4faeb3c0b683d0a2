#include "bench/paper_projection.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "bench/train_case.h"

namespace rnnfarm::bench {

namespace {

constexpr int kShapes = 24, kNetworks = 4 * 30;  // of a shape and task
constexpr double kIterations = 20000;
constexpr int kTaskSteps[] = {100, 500, 30};  // flip-flop, sine, context integration

bool OfPaper(const rnn::CellSpec& cell) {
  return cell.architecture != rnn::Architecture::kLeaky &&
         (cell.units == 64 || cell.units == 128 || cell.units == 256);
}

}  // namespace

void PaperProjection::Add(const rnn::CellSpec& cell, int pack, double seconds) {
  if (!OfPaper(cell)) return;
  Shape& shape = shapes_[absl::StrCat(CaseName(cell), " ", cell.units)];
  if (shape.pack == 0 || seconds < shape.seconds) shape = {pack, seconds};
}

void PaperProjection::Print(const std::string& device, std::vector<Figure>& figures) const {
  if (shapes_.empty()) return;
  double steps = 0, seconds = 0;
  for (const int task_steps : kTaskSteps) steps += task_steps;
  std::string names;
  for (const auto& [name, shape] : shapes_) {
    seconds += shape.seconds * kNetworks * kIterations * steps / kSteps;
    absl::StrAppend(&names, names.empty() ? "" : ", ", name, " (pack of ", shape.pack, ")");
  }
  const int networks = static_cast<int>(shapes_.size()) * kNetworks * std::size(kTaskSteps);
  std::printf(
      "\nthe paper's training on %s: %.3g hours for %d of its 8640 networks, time growing with "
      "the\n"
      "steps of a trial; shapes measured, %d of %d: %s\n",
      device.c_str(), seconds / 3600, networks, static_cast<int>(shapes_.size()), kShapes,
      names.c_str());
  figures.push_back({"paper_measured_networks", double(networks), "networks"});
  figures.push_back({"paper_measured_hours", seconds / 3600, "h"});
}

}  // namespace rnnfarm::bench
