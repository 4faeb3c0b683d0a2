#include "analysis/pairwise/tile.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/digest.h"

namespace rnnfarm::analysis {
namespace {

std::string KeyOf(const PairwiseInput& input, const Tile& tile) {
  std::string text = absl::StrCat(kArithmeticVersion, "\n", input.identity);
  for (const Range& block : {tile.rows, tile.columns}) {
    absl::StrAppend(&text, "\n");
    // The reasons in it name the source; of a network that has no file the reason is the result.
    for (int i = block.first; i < block.last; ++i) {
      const PairwiseFile& file = input.files[i];
      absl::StrAppend(&text, file.source, " ", file.digest.empty() ? file.reason : file.digest,
                      "\n");
    }
  }
  return "tile-" + base::DigestOf(text);
}

std::string ReasonsText(const std::vector<Member>& members) {
  return absl::StrJoin(members, "\n", [](std::string* out, const Member& member) {
    absl::StrAppend(out, member.reason);
  });
}

bool RecallMembers(const base::Archive& archive, Tile& tile) {
  const auto extents = archive.Find("extents", {tile.rows.size()});
  const auto reasons = archive.Find("reasons");
  if (!extents.ok() || !reasons.ok()) return false;
  const auto values = (*extents)->As<int64_t>();
  const auto text = (*reasons)->ToText();
  if (!values.ok() || !text.ok()) return false;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  if (lines.size() != values->size()) return false;
  for (size_t i = 0; i < lines.size(); ++i) tile.members[i] = {(*values)[i], lines[i]};
  return true;
}

}  // namespace

Tile::Tile(const Range& rows, const Range& columns)
    : rows(rows),
      columns(columns),
      distances(
          Matrix::Constant(rows.size(), columns.size(), std::numeric_limits<double>::quiet_NaN())),
      members(Diagonal() ? rows.size() : 0) {}

// Columns of the matrix one after the other are the rows of its transpose.
bool Recall(const PairwiseInput& input, const Scratch& scratch, Tile& tile) {
  const auto archive = scratch.Find(KeyOf(input, tile));
  if (!archive) return false;
  const auto distances = archive->Find("distances", {tile.columns.size(), tile.rows.size()});
  if (!distances.ok()) return false;
  const auto values = (*distances)->As<double>();
  if (!values.ok()) return false;
  tile.distances = Eigen::Map<const Matrix>(values->data(), tile.rows.size(), tile.columns.size());
  return !tile.Diagonal() || RecallMembers(*archive, tile);
}

void Remember(const PairwiseInput& input, const Scratch& scratch, const Tile& tile) {
  base::Archive archive;
  archive.Add("distances", base::Array::Of<double>({tile.columns.size(), tile.rows.size()},
                                                   {tile.distances.data(),
                                                    static_cast<size_t>(tile.distances.size())}));
  if (tile.Diagonal()) {
    std::vector<int64_t> extents;
    for (const Member& member : tile.members) extents.push_back(member.extent);
    archive.Add("extents", base::Array::Of<int64_t>({tile.rows.size()}, extents));
    archive.Add("reasons", base::Array::Text(ReasonsText(tile.members)));
  }
  scratch.Keep(KeyOf(input, tile), archive).IgnoreError();
}

}  // namespace rnnfarm::analysis
