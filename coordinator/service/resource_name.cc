#include "coordinator/service/resource_name.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/utf8.h"
#include "coordinator/population/population.h"

namespace rnnfarm::service {
namespace {

bool Fits(absl::string_view name, absl::string_view pattern) {
  if (name.size() > kMaxNameBytes) return false;
  const std::vector<absl::string_view> segments = absl::StrSplit(name, '/');
  const std::vector<absl::string_view> wanted = absl::StrSplit(pattern, '/');
  if (segments.size() != wanted.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const bool variable = absl::StartsWith(wanted[i], "{");
    if (variable ? segments[i].empty() : segments[i] != wanted[i]) return false;
  }
  return true;
}

}  // namespace

absl::Status CheckName(absl::string_view field, absl::string_view name, absl::string_view pattern) {
  if (Fits(name, pattern)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": \"", base::CutUtf8(name, kMaxNameBytes),
                                                 "\" does not have the form ", pattern));
}

std::string SweepOf(absl::string_view name) {
  const size_t first = name.find('/');
  const size_t second = name.find('/', first + 1);
  return std::string(name.substr(0, second));
}

absl::Status UnknownName(absl::string_view what, absl::string_view name,
                         const std::vector<std::string>& known) {
  // What all have in common makes nothing alike.
  const size_t own = name.rfind('/') + 1;
  std::vector<std::string> alike;
  for (const std::string& each : known) {
    if (absl::StartsWith(each, name.substr(0, own))) alike.push_back(each.substr(own));
  }
  const std::string nearest = population::NearestName(name.substr(own), alike);
  const std::string hint = nearest.empty()
                               ? absl::StrCat("the farm has ", known.size(), " of them")
                               : absl::StrCat("did you mean ", name.substr(0, own), nearest, "?");
  return absl::NotFoundError(absl::StrCat("there is no ", what, " ", name, "; ", hint));
}

}  // namespace rnnfarm::service
